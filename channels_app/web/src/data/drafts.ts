/**
 * Drafts: kept in this browser with every key press, and on the server when the writer pauses.
 *
 * The local text wins while it has not reached the server; afterwards a draft from another device replaces it.
 */
import { channels } from "../api/endpoints";
import type { Id } from "../api/types";
import { draftKey, without } from "./state";
import { store, update } from "./store";

const PAUSE = 1_200;
const timers = new Map<string, ReturnType<typeof setTimeout>>();

const shelfKey = (key: string): string => `roost.draft.${store.getState().me?.id ?? ""}.${key}`;

/** What stands in the composer of this place when it is opened. */
export function draftOf(channel: Id, thread: Id | null): string {
  const key = draftKey(channel, thread);
  return localStorage.getItem(shelfKey(key)) ?? store.getState().drafts[key]?.text ?? "";
}

export function hasUnsentDraft(channel: Id, thread: Id | null): boolean {
  return timers.has(draftKey(channel, thread));
}

export function writeDraft(channel: Id, thread: Id | null, text: string): void {
  const key = draftKey(channel, thread);
  const shelf = shelfKey(key);
  localStorage.setItem(shelf, text);
  update((state) => ({
    ...state,
    drafts:
      text === ""
        ? without(state.drafts, key)
        : { ...state.drafts, [key]: { channel, thread: thread ?? "", text, updated_at: new Date().toISOString() } },
  }));
  clearTimeout(timers.get(key));
  timers.set(
    key,
    setTimeout(() => void push(channel, thread, text, shelf), PAUSE),
  );
}

async function push(channel: Id, thread: Id | null, text: string, shelf: string): Promise<void> {
  try {
    await channels.draft(channel, thread ?? "", text);
    if (localStorage.getItem(shelf) === text) localStorage.removeItem(shelf);
  } catch {
    // It stays in this browser and goes out with the next change.
  } finally {
    timers.delete(draftKey(channel, thread));
  }
}
