/** Held mail: what came in and was kept back, with the reason, for admins to release or delete. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { quarantine } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { Held as HeldInfo, Id } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useData } from "../../data/store";
import { agoOf } from "../../text/time";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { useNow } from "../../ui/now";
import { Spinner } from "../../ui/Splash";
import dialogs from "../dialogs/dialogs.module.css";
import requests from "../requests/requests.module.css";
import { HeldMail } from "./HeldMail";
import css from "./held.module.css";
import { placeOf } from "./place";

/** While it is open; nothing tells of mail that is kept back. */
const ASK_AGAIN = 10_000;

export function Held() {
  const org = useData((state) => state.org?.id ?? "");
  const [channel, filter] = useState<Id>("");
  const [chosen, choose] = useState<Id | null>(null);
  const list = useInfiniteQuery({
    queryKey: ["held", channel],
    queryFn: ({ pageParam }) => quarantine.list(org, { cursor: pageParam, ...(channel ? { channel } : {}) }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    staleTime: 0,
    refetchInterval: ASK_AGAIN,
  });
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const held = rows.find(({ id }) => id === chosen);
  return (
    <Dialog
      title="Held mail"
      description={held ? "" : "Mail that came in and was not posted. It goes by itself after a while."}
      onClose={closeDialog}
      wide
    >
      {held ? (
        <HeldMail key={held.id} held={held} org={org} back={() => choose(null)} />
      ) : (
        <>
          <Filter channel={channel} choose={filter} />
          {list.isPending && <Spinner />}
          {list.isError && <p>{messageOf(list.error)}</p>}
          <ul className={css.list} aria-label="Held mail">
            {rows.map((row) => (
              <li key={row.id}>
                <Row held={row} choose={choose} />
              </li>
            ))}
          </ul>
          {list.data && rows.length === 0 && <p className={dialogs.none}>Nothing is held back.</p>}
          {list.hasNextPage && (
            <div className={css.more}>
              <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                Older ones
              </Button>
            </div>
          )}
        </>
      )}
    </Dialog>
  );
}

function Filter({ channel, choose }: { channel: Id; choose: (channel: Id) => void }) {
  const channels = useData((state) => state.channels);
  const named = Object.values(channels).filter(({ kind }) => kind !== "direct");
  named.sort((a, b) => a.name.localeCompare(b.name));
  return (
    <select
      className={css.filter}
      aria-label="Channel"
      value={channel}
      onChange={(event) => choose(event.target.value)}
    >
      <option value="">All channels and people</option>
      {named.map(({ id, name }) => (
        <option key={id} value={id}>
          #{name}
        </option>
      ))}
    </select>
  );
}

function Row({ held, choose }: { held: HeldInfo; choose: (id: Id) => void }) {
  const now = useNow();
  const place = useData((state) => placeOf(held, state));
  return (
    <button type="button" className={requests.request} onClick={() => choose(held.id)}>
      <span className={requests.top}>
        <strong className={requests.address}>{held.sender || "(no sender)"}</strong>
        <small>{agoOf(held.at, now)}</small>
      </span>
      <span>{sentence(held.why)}</span>
      <span className={css.where}>for {place}</span>
    </button>
  );
}

const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
