/** ↑ in an empty composer: the last own message is edited. */
import type { Id } from "../../api/types";
import { startEditing } from "../../app/ui";
import type { Outbox, Pending } from "../../data/outbox";
import { store } from "../../data/store";

const PATIENCE = 3_000;

/**
 * Says whether there is something to edit. One that is still on its way is edited as soon as it has arrived, unless
 * something was written in `box` by then.
 */
export function editLast(outbox: Outbox, box: HTMLTextAreaElement, channel: Id, thread: Id | null): boolean {
  const onItsWay = (post: Pending): boolean =>
    post.channel === channel && post.thread === thread && post.status !== "failed";
  if (!outbox.store.getState().posts.some(onItsWay)) return edit(channel, thread);
  const stop = outbox.store.subscribe(({ posts }) => {
    if (posts.some(onItsWay)) return;
    stop();
    if (document.activeElement === box && box.value === "") edit(channel, thread);
  });
  setTimeout(stop, PATIENCE);
  return true;
}

function edit(channel: Id, thread: Id | null): boolean {
  const { rooms, me } = store.getState();
  const room = rooms[channel];
  const ids = thread === null ? (room?.line ?? []) : (room?.threads[thread] ?? []);
  const last = ids.findLast((id) => {
    const message = room?.byId[id];
    return message?.author === me?.id && !message?.deleted;
  });
  if (!last) return false;
  startEditing(last);
  return true;
}
