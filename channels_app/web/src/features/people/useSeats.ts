/** The guests of a channel who take part by mail alone: asked for when they are shown, and kept true by the channel's events. */
import { useEffect, useMemo, useRef, useState } from "react";
import { messageOf } from "../../api/http";
import type { ChannelMember, Id } from "../../api/types";
import { channelStream, type Seats } from "../../data/state";
import { store, useData } from "../../data/store";
import { openSeats } from "../../data/verbs";
import { maySeeGuests } from "./guests";

export interface Seated {
  /** Undefined as long as they are not known. */
  seats: Seats | undefined;
  trouble: string;
  retry: () => void;
}

/** Null for whom they are not meant. */
export function useSeats(channel: Id): Seated | null {
  const may = useData(({ channels, me }) => {
    const here = channels[channel];
    return here !== undefined && me !== null && maySeeGuests(here, me);
  });
  const followed = useData((state) => channelStream(channel) in state.cursors);
  const seats = useData((state) => state.seats[channel]);
  const [trouble, setTrouble] = useState("");
  const [again, setAgain] = useState(0);
  const shown = useRef("");
  const known = seats !== undefined;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` asks once more
  useEffect(() => {
    if (!may || !followed || (known && shown.current === channel)) return;
    let gone = false;
    shown.current = channel;
    setTrouble("");
    openSeats(channel).catch((error) => !gone && setTrouble(messageOf(error)));
    return () => {
      gone = true;
    };
  }, [channel, may, followed, known, again]);

  return may ? { seats, trouble: known ? "" : trouble, retry: () => setAgain(again + 1) } : null;
}

/**
 * Those who are members and not guests by mail. Who was a guest when the list was read is none until it is read again:
 * a guest who goes is out of the guests a moment before they are out of the list.
 */
export function useWithoutGuests(
  members: readonly ChannelMember[],
  channel: Id,
  seated: Seated | null,
): readonly ChannelMember[] {
  const seats = seated?.seats;
  const known = seats !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: as of when either list was read
  const then = useMemo(() => store.getState().seats[channel] ?? {}, [members, known, channel]);
  if (seated === null) return members;
  if (!seats) return seated.trouble ? members : members.filter(({ role }) => role !== "guest");
  return members.filter(({ id }) => !(id in seats) && !(id in then));
}
