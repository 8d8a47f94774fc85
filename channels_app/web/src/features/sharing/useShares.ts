/** The shares of channels: asked for when they are shown, and again when an event tells of one. */
import { useQuery } from "@tanstack/react-query";
import { channels, orgs } from "../../api/endpoints";
import type { Id, Share } from "../../api/types";
import { useData } from "../../data/store";
import { useRefreshed } from "../thread/MessageList";
import { isAdmin } from "./sharing";

const SHARED = ["share.offered", "share.active", "share.ended"] as const;

/** The share of a channel, active or offered; undefined without one, and for whom it is not meant. */
export function useShare(channel: Id): Share | undefined {
  const key = ["shares", channel];
  useRefreshed(key, SHARED);
  const may = useData(
    (state) => state.channels[channel]?.kind !== "direct" && state.me !== null && state.me.role !== "guest",
  );
  const query = useQuery({ queryKey: key, queryFn: () => channels.shares(channel), enabled: may });
  return may ? query.data?.items[0] : undefined;
}

/** What other organizations offer us: for admins, who answer it. */
export function useOffers(): readonly Share[] {
  const key = ["offers"];
  useRefreshed(key, SHARED);
  const org = useData((state) => state.org?.id ?? "");
  const may = useData((state) => state.me !== null && isAdmin(state.me));
  const query = useQuery({ queryKey: key, queryFn: () => orgs.offers(org), enabled: may && org !== "" });
  return (may && query.data?.items) || [];
}
