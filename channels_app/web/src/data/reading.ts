/** Our read position: moved at once here, told to the server when the reading pauses. */
import { channels } from "../api/endpoints";
import type { Id } from "../api/types";
import { changedMembership } from "./apply";
import type { State } from "./state";
import { store, update } from "./store";
import { sendRead } from "./verbs";

const PAUSE = 250;
const told = new Map<Id, number>();
const timers = new Map<Id, ReturnType<typeof setTimeout>>();
/** Channels somebody marked as unread: they stay so until they are opened again. */
const held = new Set<Id>();

export function markRead(id: Id): void {
  const channel = store.getState().channels[id];
  if (!channel?.my || held.has(id) || (channel.my.unread === 0 && channel.my.mentions === 0)) return;
  told.set(id, channel.head);
  update(stillRead);
  clearTimeout(timers.get(id));
  timers.set(
    id,
    setTimeout(() => void tell(id), PAUSE),
  );
}

/** What we have read stays read while older news of our position are still on their way. */
export function stillRead(state: State): State {
  let next = state;
  for (const [id, seq] of told) {
    const my = next.channels[id]?.my;
    if (my && my.read < seq) next = changedMembership(next, id, () => ({ read: seq, unread: 0, mentions: 0 }));
  }
  return next;
}

async function tell(id: Id): Promise<void> {
  const seq = told.get(id);
  if (seq === undefined) return;
  try {
    await sendRead(id, seq);
  } catch {
    // The next thing read says it again.
  }
  if (told.get(id) === seq) setTimeout(() => told.get(id) === seq && told.delete(id), 1_000);
}

export async function markUnread(id: Id, seq: number): Promise<void> {
  held.add(id);
  told.delete(id);
  clearTimeout(timers.get(id));
  const counts = await channels.unread(id, seq);
  update((state) => changedMembership(state, id, () => counts));
}

/** The channel is opened, or left: what was marked as unread may be read again. */
export function releaseUnread(id: Id): void {
  held.delete(id);
}
