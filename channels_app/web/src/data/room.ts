/** Pure changes of one room: what an event, an answer or a window of messages does to the messages we hold. */
import type { Event, Id, Message, MessageWindow, Replies, ThreadPage } from "../api/types";
import { emptyRoom, type Known, type Room } from "./state";

const RECENT = 300;
/** A line longer than this loses its oldest part, so that a busy day does not fill the memory. */
const LONGEST_LINE = 1500;
const KEPT_LINE = 1000;

export function applyToRoom(room: Room, event: Event): Room {
  const next = change(room, event);
  return { ...next, recent: [...next.recent.slice(-(RECENT - 1)), event] };
}

function change(room: Room, event: Event): Room {
  switch (event.kind) {
    case "message.posted":
      return posted(room, event.payload.message, event.seq);
    case "message.edited": {
      const { id, before: _before, ...fields } = event.payload;
      return touch(room, id, event.seq, (message) => ({ ...message, ...fields }));
    }
    case "message.deleted":
      return deleted(room, event.payload.id, event.payload.thread, event.seq);
    case "message.pinned": {
      const { id, by, at } = event.payload;
      return touch(room, id, event.seq, (message) => ({ ...message, pinned: { by, at } }));
    }
    case "message.unpinned":
      return touch(room, event.payload.id, event.seq, (message) => ({ ...message, pinned: null }));
    case "reaction.added":
    case "reaction.removed": {
      const { id, emoji, person } = event.payload;
      const on = event.kind === "reaction.added";
      return touch(room, id, event.seq, (message) => withReaction(message, emoji, person, on));
    }
    default:
      return room;
  }
}

/** Changes a message that we hold, unless it already contains the event. */
function touch(room: Room, id: Id, seq: number, change: (message: Known) => Known): Room {
  const message = room.byId[id];
  if (!message || message.asOf >= seq) return room;
  return { ...room, byId: { ...room.byId, [id]: { ...change(message), asOf: seq } } };
}

export const inMainLine = (message: Message): boolean => message.thread === null || message.also_to_channel;

function posted(room: Room, message: Message, seq: number): Room {
  const next = place(room, { ...message, asOf: seq });
  if (message.thread === null) return next;
  return touch(next, message.thread, seq, (root) => ({ ...root, replies: oneMore(root.replies, message) }));
}

/** Puts a message where it is seen: into the line if that reaches the present, into its thread if that is loaded. */
export function place(room: Room, message: Known): Room {
  const toLine = room.loaded && !room.hasAfter && inMainLine(message);
  const thread = message.thread === null ? undefined : room.threads[message.thread];
  if (!toLine && !thread && !(message.id in room.byId)) return room;
  const known = room.byId[message.id];
  const byId = known && known.asOf > message.asOf ? room.byId : { ...room.byId, [message.id]: message };
  const placed: Room = {
    ...room,
    byId,
    line: toLine ? inserted(room.line, message, byId) : room.line,
    threads:
      thread && message.thread !== null
        ? { ...room.threads, [message.thread]: inserted(thread, message, byId) }
        : room.threads,
  };
  return placed.line.length > LONGEST_LINE ? trimmed(placed) : placed;
}

function inserted(ids: readonly Id[], message: Known, byId: Readonly<Record<Id, Known>>): readonly Id[] {
  let at = ids.length;
  while (at > 0) {
    const before = ids[at - 1] as Id;
    if (before === message.id) return ids;
    if ((byId[before]?.seq ?? 0) < message.seq) break;
    at -= 1;
  }
  return [...ids.slice(0, at), message.id, ...ids.slice(at)];
}

function trimmed(room: Room): Room {
  return { ...swept({ ...room, line: room.line.slice(-KEPT_LINE) }), hasBefore: true };
}

/** Forgets messages that neither the line nor a loaded thread shows. */
function swept(room: Room): Room {
  const byId: Record<Id, Known> = {};
  const keep = (id: Id): void => {
    const message = room.byId[id];
    if (message) byId[id] = message;
  };
  room.line.forEach(keep);
  for (const [root, ids] of Object.entries(room.threads)) {
    keep(root);
    ids.forEach(keep);
  }
  return { ...room, byId };
}

function oneMore(replies: Replies | null, message: Message): Replies {
  const people = [message.author, ...(replies?.people ?? []).filter((id) => id !== message.author)].slice(0, 5);
  return { count: (replies?.count ?? 0) + 1, last_at: message.created_at, people };
}

function deleted(room: Room, id: Id, thread: Id | null, seq: number): Room {
  const next = touch(room, id, seq, (message) => ({
    ...message,
    deleted: true,
    text: "",
    html: "",
    quoted: null,
    files: [],
    reactions: [],
    pinned: null,
    mentions: [],
    mentions_all: null,
    edited_at: null,
  }));
  if (thread === null) return next;
  return touch(next, thread, seq, (root) => ({ ...root, replies: oneLess(root.replies) }));
}

function oneLess(replies: Replies | null): Replies | null {
  if (!replies || replies.count <= 1) return null;
  return { ...replies, count: replies.count - 1 };
}

/** A reaction as it is meant, before its event says so. */
export function reacted(room: Room, id: Id, emoji: string, person: Id, on: boolean): Room {
  const message = room.byId[id];
  return message ? { ...room, byId: { ...room.byId, [id]: withReaction(message, emoji, person, on) } } : room;
}

function withReaction(message: Known, emoji: string, person: Id, on: boolean): Known {
  const old = message.reactions.find((reaction) => reaction.emoji === emoji);
  const people = (old?.people ?? []).filter((id) => id !== person);
  if (on) people.push(person);
  const changed = { emoji, people };
  const reactions = old
    ? message.reactions.map((reaction) => (reaction === old ? changed : reaction))
    : [...message.reactions, changed];
  return { ...message, reactions: reactions.filter((reaction) => reaction.people.length > 0) };
}

/** Which part of the line an answer of the server is: all of it, or more at one of its ends. */
export type Part = "all" | "before" | "after";

export function takeWindow(room: Room, window: MessageWindow, part: Part): Room {
  const ids = window.items.map((message) => message.id);
  const byId = merged(room, window.items, window.head);
  if (part === "all") {
    const fresh = { ...room, byId, line: ids, hasBefore: window.has_before, hasAfter: window.has_after, loaded: true };
    return caughtUp(swept(fresh), window.head);
  }
  const known = new Set(room.line);
  const added = ids.filter((id) => !known.has(id));
  if (part === "before") return { ...room, byId, line: [...added, ...room.line], hasBefore: window.has_before };
  return caughtUp({ ...room, byId, line: [...room.line, ...added], hasAfter: window.has_after }, window.head);
}

export function takeThread(room: Room, page: ThreadPage): Room {
  const root = page.root.id;
  const byId = merged(room, [page.root, ...page.items], page.head);
  const old = room.threads[root] ?? [];
  const ids = [...new Set([...old, ...page.items.map((message) => message.id)])];
  ids.sort((a, b) => (byId[a]?.seq ?? 0) - (byId[b]?.seq ?? 0));
  return caughtUp({ ...room, byId, threads: { ...room.threads, [root]: ids } }, page.head);
}

export function forgetThread(room: Room, root: Id): Room {
  const { [root]: _gone, ...threads } = room.threads;
  return swept({ ...room, threads });
}

/** Our own post as the server answered it. A message that we hold already has more to say than an answer without a seq. */
export function takeAnswer(room: Room, message: Message): Room {
  return room.byId[message.id] ? room : place(room, { ...message, asOf: message.seq });
}

function merged(room: Room, messages: readonly Message[], asOf: number): Record<Id, Known> {
  const byId = { ...room.byId };
  for (const message of messages) {
    const known = byId[message.id];
    if (!known || known.asOf <= asOf) byId[message.id] = { ...message, asOf };
  }
  return byId;
}

/** Applies again what happened after the answer was read; a room too far behind has to be loaded again. */
function caughtUp(room: Room, head: number): Room {
  const last = room.recent.at(-1)?.seq ?? 0;
  if (last <= head) return room;
  const first = room.recent[0]?.seq ?? 0;
  if (first > head + 1) return { ...emptyRoom, recent: room.recent };
  return room.recent.filter((event) => event.seq > head).reduce(change, room);
}
