/** What a channel's timeline shows, and the line above what is new. */
import { useEffect, useMemo, useState } from "react";
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

/** The replies of a thread. The first day is named only if it is another one than the root's. */
export function useReplies(channel: Id, root: Known): Row[] {
  const me = useMe();
  const ids = useData((state) => state.rooms[channel]?.threads[root.id] ?? none);
  const byId = useData((state) => state.rooms[channel]?.byId ?? (nobody as Record<Id, Known>));
  const posts = useOutbox(useEngine().outbox, (all) => all);
  const since = root.created_at;
  return useMemo(() => {
    const messages = ids.flatMap((id) => byId[id] ?? []);
    const pending = posts.filter((post) => post.thread === root.id && !post.seen);
    return rowsOf({ messages, pending, newAfter: null, me, keyOf: rowKey, since });
  }, [ids, byId, posts, root.id, since, me]);
}

const shown = (post: Pending, channel: Id): boolean =>
  post.channel === channel && !post.seen && (post.thread === null || post.also_to_channel);

/**
 * After which seq the "new" line stands. It is set when the channel is opened or when something comes that is not read
 * at once, and then stays where it is, however far the reading has come. Decided while rendering, so that a message is
 * painted with its line or without, and never gets it a moment later and moves.
 */
export function useNewLine(channel: Id, reading: boolean): number | null {
  const my = useData((state) => state.channels[channel]?.my ?? null);
  const unread = my?.unread ?? 0;
  const read = my?.read ?? 0;
  const [line, setLine] = useState<number | null>(unread > 0 ? read : null);
  const [before, setBefore] = useState({ unread, read });
  if (before.unread !== unread || before.read !== read) {
    setBefore({ unread, read });
    const came = unread > 0 && before.unread === 0 && !reading;
    if (came || (unread > 0 && read < before.read)) setLine(read);
  }
  return line;
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
