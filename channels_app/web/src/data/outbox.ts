/**
 * The outbox: posts on their way.
 *
 *   waiting → sending → (gone: the message is in the timeline)
 *      ↑________|            a passing trouble: tried again, in order
 *               └→ failed    refused for good: shown with "try again" and "discard"
 *
 * Each post carries its client_id, so trying again can never double it. Posts of one channel leave one after the other,
 * in the order they were written. All of them lie in IndexedDB until the server has answered.
 */
import { createStore as createDb, del, entries, set } from "idb-keyval";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { ApiError, messageOf } from "../api/http";
import type { FileInfo, Id, Message } from "../api/types";

export interface Pending {
  client_id: string;
  channel: Id;
  thread: Id | null;
  also_to_channel: boolean;
  text: string;
  files: FileInfo[];
  at: number;
  status: "waiting" | "sending" | "failed";
  error: string;
  /** Its event has already come; only the answer is still missing. */
  seen: boolean;
}

export type NewPost = Pick<Pending, "channel" | "thread" | "also_to_channel" | "text" | "files">;

export interface Shelf {
  load(): Promise<Pending[]>;
  keep(post: Pending): Promise<void>;
  drop(post: Pending): Promise<void>;
}

export interface OutboxOptions {
  send: (post: Pending) => Promise<Message>;
  /** The message of a post is known: by its answer, or by its event if that came first. */
  sent: (message: Message, post: Pending) => void;
  twin: (message: Message, post: Pending) => void;
  shelf: Shelf;
  now?: () => number;
  newId?: () => string;
}

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 20_000;

export class Outbox {
  readonly store = createStore<{ posts: readonly Pending[] }>()(() => ({ posts: [] }));
  private readonly options: OutboxOptions;
  private readonly busy = new Set<Id>();
  private readonly waits = new Map<Id, ReturnType<typeof setTimeout>>();
  private readonly tries = new Map<Id, number>();
  private last = 0;
  private stopped = false;

  constructor(options: OutboxOptions) {
    this.options = options;
  }

  /** Takes up what an earlier page left behind. */
  async load(): Promise<void> {
    const kept = await this.options.shelf.load().catch(() => []);
    const posts = kept.map((post) => (post.status === "sending" ? { ...post, status: "waiting" as const } : post));
    posts.sort((a, b) => a.at - b.at);
    this.last = Math.max(this.last, ...posts.map((post) => post.at));
    this.store.setState(({ posts: new_ }) => ({ posts: [...posts, ...new_] }));
    this.wake();
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.waits.values()) clearTimeout(timer);
  }

  post(fields: NewPost): Pending {
    const now = (this.options.now ?? Date.now)();
    this.last = Math.max(now, this.last + 1);
    const id = (this.options.newId ?? (() => crypto.randomUUID()))();
    const post: Pending = { ...fields, client_id: id, at: this.last, status: "waiting", error: "", seen: false };
    this.store.setState(({ posts }) => ({ posts: [...posts, post] }));
    this.keep(post);
    void this.pump(post.channel);
    return post;
  }

  retry(client_id: string): void {
    const post = this.change(client_id, { status: "waiting", error: "" });
    if (post) this.wake(post.channel);
  }

  discard(client_id: string): void {
    const post = this.find(client_id);
    if (post && post.status !== "sending") this.remove(post);
  }

  /** The connection is back: nothing has to wait any longer. */
  wake(only?: Id): void {
    for (const channel of new Set(this.store.getState().posts.map((post) => post.channel))) {
      if (only !== undefined && channel !== only) continue;
      clearTimeout(this.waits.get(channel));
      this.waits.delete(channel);
      void this.pump(channel);
    }
  }

  /** A post of ours came as an event before its answer: its pending twin is no longer shown. */
  seen(message: Message): void {
    const { posts } = this.store.getState();
    const same = message.client_id ? this.find(message.client_id) : undefined;
    if (same) {
      this.options.twin(message, same);
      this.remove(same);
      return;
    }
    const twin = posts.find((post) => post.status === "sending" && !post.seen && isTwin(post, message));
    if (!twin || message.client_id) return;
    this.options.twin(message, twin);
    this.change(twin.client_id, { seen: true });
  }

  private async pump(channel: Id): Promise<void> {
    if (this.busy.has(channel) || this.waits.has(channel) || this.stopped) return;
    const next = this.store.getState().posts.find((post) => post.channel === channel && post.status === "waiting");
    if (!next) return;
    this.busy.add(channel);
    const post = this.change(next.client_id, { status: "sending" }) ?? next;
    try {
      const message = await this.options.send(post);
      this.options.sent(message, post);
      this.remove(post);
    } catch (error) {
      this.failed(post, error);
    } finally {
      this.busy.delete(channel);
    }
    await this.pump(channel);
  }

  private failed(post: Pending, error: unknown): void {
    if (error instanceof ApiError && !error.passing && error.status !== 401) {
      const failed = this.change(post.client_id, { status: "failed", error: messageOf(error), seen: false });
      if (failed) this.keep(failed);
      return;
    }
    this.change(post.client_id, { status: "waiting", error: messageOf(error), seen: false });
    this.pause(post.channel, error instanceof ApiError ? error.retryAfter : null);
  }

  private pause(channel: Id, retryAfter: number | null): void {
    const tries = (this.tries.get(channel) ?? 0) + 1;
    this.tries.set(channel, tries);
    const wait = retryAfter === null ? Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - 1)) : retryAfter * 1_000;
    const timer = setTimeout(() => {
      this.waits.delete(channel);
      void this.pump(channel);
    }, wait);
    this.waits.set(channel, timer);
  }

  private find(client_id: string): Pending | undefined {
    return this.store.getState().posts.find((post) => post.client_id === client_id);
  }

  private change(client_id: string, fields: Partial<Pending>): Pending | undefined {
    this.store.setState(({ posts }) => ({
      posts: posts.map((post) => (post.client_id === client_id ? { ...post, ...fields } : post)),
    }));
    return this.find(client_id);
  }

  private remove(post: Pending): void {
    this.tries.delete(post.channel);
    this.store.setState(({ posts }) => ({ posts: posts.filter((other) => other.client_id !== post.client_id) }));
    void this.options.shelf.drop(post).catch(() => {});
  }

  private keep(post: Pending): void {
    void this.options.shelf.keep(post).catch(() => {});
  }
}

function isTwin(post: Pending, message: Message): boolean {
  return (
    post.channel === message.channel &&
    post.thread === message.thread &&
    post.text.trim() === message.text.trim() &&
    post.files.length === message.files.length
  );
}

/** The shelf in IndexedDB, one for each person of this browser. */
export function browserShelf(person: Id): Shelf {
  const db = createDb(`roost-outbox-${person}`, "posts");
  return {
    load: async () => (await entries<string, Pending>(db)).map(([, post]) => post),
    keep: (post) => set(post.client_id, post, db),
    drop: (post) => del(post.client_id, db),
  };
}

export function useOutbox<T>(outbox: Outbox, select: (posts: readonly Pending[]) => T): T {
  return useStore(outbox.store, (state) => select(state.posts));
}
