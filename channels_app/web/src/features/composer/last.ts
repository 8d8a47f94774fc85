/** ↑ in an empty composer: the last own message is edited. */
import type { Id } from "../../api/types";
import { startEditing } from "../../app/ui";
import { store } from "../../data/store";

export function editLast(channel: Id, thread: Id | null): boolean {
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
