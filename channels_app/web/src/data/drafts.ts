/**
 * Drafts: kept in this browser with every key press, and on the server when the writer pauses.
 *
 * The local text wins while it has not reached the server; afterwards a draft from another device replaces it.
 */
import { channels } from "../api/endpoints";
import { ApiError } from "../api/http";
import type { Id } from "../api/types";
import { draftKey, without } from "./state";
import { store, update } from "./store";

const PAUSE = 1_200;
const timers = new Map<string, ReturnType<typeof setTimeout>>();

const shelf = (): string => `roost.draft.${store.getState().me?.id ?? ""}.`;
const shelfKey = (key: string): string => shelf() + key;

/** What stands in the composer of this place when it is opened. */
export function draftOf(channel: Id, thread: Id | null): string {
  const key = draftKey(channel, thread);
  return localStorage.getItem(shelfKey(key)) ?? store.getState().drafts[key]?.text ?? "";
}

/** Whether this browser knows more of the draft than the server. */
export function hasUnsentDraft(channel: Id, thread: Id | null): boolean {
  return localStorage.getItem(shelfKey(draftKey(channel, thread))) !== null;
}

export function writeDraft(channel: Id, thread: Id | null, text: string): void {
  const key = draftKey(channel, thread);
  localStorage.setItem(shelfKey(key), text);
  note(key, text);
  plan(key, text);
}

/** What an earlier page wrote and did not bring to the server any more. */
export function takeUpDrafts(): void {
  const prefix = shelf();
  for (const name of Object.keys(localStorage).filter((one) => one.startsWith(prefix))) {
    const key = name.slice(prefix.length);
    const text = localStorage.getItem(name) ?? "";
    note(key, text);
    plan(key, text);
  }
}

function note(key: string, text: string): void {
  const { channel, thread } = placeOf(key);
  const draft = { channel, thread, text, updated_at: new Date().toISOString() };
  update((state) => ({
    ...state,
    drafts: text === "" ? without(state.drafts, key) : { ...state.drafts, [key]: draft },
  }));
}

function plan(key: string, text: string): void {
  clearTimeout(timers.get(key));
  timers.set(
    key,
    setTimeout(() => void push(key, text, shelfKey(key)), PAUSE),
  );
}

async function push(key: string, text: string, kept: string): Promise<void> {
  const { channel, thread } = placeOf(key);
  try {
    await channels.draft(channel, thread, text);
    forget(kept, text);
  } catch (error) {
    // Without a connection it stays in this browser and goes out with the next change, or after the next loading; a
    // place that is gone takes its draft along.
    if (error instanceof ApiError && !error.passing && error.status !== 401) forget(kept, text);
  } finally {
    timers.delete(key);
  }
}

function forget(kept: string, text: string): void {
  if (localStorage.getItem(kept) === text) localStorage.removeItem(kept);
}

function placeOf(key: string): { channel: Id; thread: Id } {
  const [channel = "", thread = ""] = key.split("/", 2);
  return { channel, thread };
}
