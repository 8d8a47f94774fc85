/** What a channel's timeline shows, and the line above what is new. */
import { useEffect, useMemo, useRef, useState } from "react";
import type { Id } from "../../api/types";
import { useEngine } from "../../app/session";
import { useMe } from "../../data/names";
import { type Pending, useOutbox } from "../../data/outbox";
import type { Known } from "../../data/state";
import { useData } from "../../data/store";
import { rowKey } from "../../data/verbs";
import { type Row, rowsOf } from "./rows";

const none: readonly Id[] = [];
const nobody = {};

export function useRows(channel: Id, newAfter: number | null): Row[] {
  const me = useMe();
  const line = useData((state) => state.rooms[channel]?.line ?? none);
  const byId = useData((state) => state.rooms[channel]?.byId ?? (nobody as Record<Id, Known>));
  const live = useData((state) => !state.rooms[channel]?.hasAfter);
  const posts = useOutbox(useEngine().outbox, (all) => all);
  return useMemo(() => {
    const messages = line.flatMap((id) => byId[id] ?? []);
    const pending = live ? posts.filter((post) => shown(post, channel)) : [];
    return rowsOf({ messages, pending, newAfter, me, keyOf: rowKey });
  }, [line, byId, posts, live, channel, newAfter, me]);
}

const shown = (post: Pending, channel: Id): boolean =>
  post.channel === channel && !post.seen && (post.thread === null || post.also_to_channel);

/**
 * After which seq the "new" line stands. It is set when the channel is opened or when something comes that is not read
 * at once, and then stays where it is, however far the reading has come.
 */
export function useNewLine(channel: Id, reading: boolean): [number | null, () => void] {
  const my = useData((state) => state.channels[channel]?.my ?? null);
  const unread = my?.unread ?? 0;
  const read = my?.read ?? 0;
  const [line, setLine] = useState<number | null>(() => (unread > 0 ? read : null));
  const before = useRef({ unread, read });
  useEffect(() => {
    const came = unread > 0 && before.current.unread === 0 && !reading;
    const unreadAgain = unread > 0 && read < before.current.read;
    if (came || unreadAgain) setLine(read);
    before.current = { unread, read };
  }, [unread, read, reading]);
  return [line, () => setLine(null)];
}

/** Whether somebody looks at the page: it is visible and has the focus. */
export function useLooking(): boolean {
  const [looking, setLooking] = useState(() => document.hasFocus() && document.visibilityState === "visible");
  useEffect(() => {
    const look = (): void => setLooking(document.hasFocus() && document.visibilityState === "visible");
    window.addEventListener("focus", look);
    window.addEventListener("blur", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.removeEventListener("focus", look);
      window.removeEventListener("blur", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return looking;
}
