/** The everyday verbs: over the socket, and over HTTP when the socket gives no answer. */
import { channels, guestLinks, live as liveApi, messages, orgs, requests } from "../api/endpoints";
import { ApiError } from "../api/http";
import type { Channel, Delivery, Id, Message, NewMessage, Org, ReadState } from "../api/types";
import { applyAll, ensureRoom, joined, withChannel } from "./apply";
import type { Pending } from "./outbox";
import { forgetThread, type Part, reacted, takeAnswer, takeThread, takeWindow } from "./room";
import { takeSeats } from "./seats";
import type { Socket } from "./socket";
import { channelStream, emptyRoom, type Room } from "./state";
import { store, update } from "./store";

const PAGE = 60;
let socket: Socket | null = null;

export function speakThrough(next: Socket | null): void {
  socket = next;
}

async function call<T>(method: string, params: object, http: () => Promise<T>): Promise<T> {
  if (socket?.status === "open") {
    try {
      return await socket.call<T>(method, params);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 0) throw error;
    }
  }
  return heard(http());
}

/** Without the socket nobody tells us what we have just done. */
async function heard<T>(done: Promise<T>): Promise<T> {
  const result = await done;
  if (socket?.status !== "open") void catchUp();
  return result;
}

export function sendPost(post: Pending): Promise<Message> {
  const body: NewMessage = { text: post.text, client_id: post.client_id };
  if (post.thread !== null) body.thread = post.thread;
  if (post.also_to_channel) body.also_to_channel = true;
  if (post.files.length > 0) body.files = post.files.map((file) => file.id);
  return call("messages.post", { channel: post.channel, ...body }, () => channels.post(post.channel, body));
}

export function edit(message: Id, text: string): Promise<Message> {
  return call("messages.edit", { message, text }, () => messages.edit(message, text));
}

export function remove(message: Id): Promise<unknown> {
  return call<unknown>("messages.delete", { message }, () => messages.remove(message));
}

/** Shown at once; taken back when it is refused. */
export async function react(message: Message, emoji: string, on: boolean): Promise<Message> {
  const method = on ? "reactions.add" : "reactions.remove";
  showReaction(message, emoji, on);
  try {
    return await call(method, { message: message.id, emoji }, () => messages.react(message.id, emoji, on));
  } catch (error) {
    showReaction(message, emoji, !on);
    throw error;
  }
}

function showReaction(message: Message, emoji: string, on: boolean): void {
  const { rooms, me } = store.getState();
  if (me && rooms[message.channel]) changeRoom(message.channel, (room) => reacted(room, message.id, emoji, me.id, on));
}

export function sendRead(channel: Id, seq: number): Promise<ReadState> {
  return call("channels.read", { channel, seq }, () => channels.read(channel, seq));
}

/** Our posts keep, as messages, the key they had while they were pending: their row stays the same row. */
const keys = new Map<Id, string>();

export function noteKey(message: Message, post: Pending): void {
  keys.set(message.id, post.client_id);
}

export function rowKey(message: Id): string {
  return keys.get(message) ?? message;
}

export function takePosted(message: Message, post: Pending): void {
  noteKey(message, post);
  changeRoom(message.channel, (room) => takeAnswer(room, message));
}

export function takeChannel(channel: Channel): void {
  update((state) => (channel.my ? joined(state, channel) : withChannel(state, channel)));
}

function changeRoom(id: Id, change: (room: Room) => Room): void {
  update((state) => {
    const next = ensureRoom(state, id);
    return { ...next, rooms: { ...next.rooms, [id]: change(next.rooms[id] ?? emptyRoom) } };
  });
}

/** Loads the newest page of a channel, or the one around a seq. Answers with the head it was read at. */
export async function openRoom(id: Id, around?: number): Promise<number> {
  update((state) => ensureRoom(state, id));
  const window = await channels.messages(id, around === undefined ? { limit: PAGE } : { around, limit: PAGE });
  changeRoom(id, (room) => takeWindow(room, window, "all"));
  return window.head;
}

export async function more(id: Id, part: Exclude<Part, "all">): Promise<void> {
  const room = store.getState().rooms[id];
  const edge = part === "before" ? room?.line[0] : room?.line.at(-1);
  const seq = edge === undefined ? undefined : room?.byId[edge]?.seq;
  if (seq === undefined) return;
  const window = await channels.messages(id, { [part]: seq, limit: PAGE });
  // The line may have been replaced meanwhile: a page that does not join it is of no use.
  const now = store.getState().rooms[id];
  if ((part === "before" ? now?.line[0] : now?.line.at(-1)) === edge)
    changeRoom(id, (old) => takeWindow(old, window, part));
}

/** The whole thread at once, as of its first page: it is not seen growing, and what happened meanwhile is applied again. */
export async function openThread(channel: Id, root: Id): Promise<void> {
  const first = await messages.thread(root);
  const items = [...first.items];
  for (let page = first; page.has_after; items.push(...page.items)) {
    page = await messages.thread(root, items.at(-1)?.seq);
  }
  changeRoom(channel, (room) => takeThread(room, { ...first, items, has_after: false }));
}

export function closeThread(channel: Id, root: Id): void {
  if (store.getState().rooms[channel]) changeRoom(channel, (room) => forgetThread(room, root));
}

/** Loads the guests of a channel that we follow. */
export async function openSeats(id: Id): Promise<void> {
  const asked = store.getState().cursors[channelStream(id)];
  if (asked === undefined) return;
  const guests = await channels.guests(id);
  const taken = takeSeats(store.getState(), id, guests, asked);
  if (!taken) return openSeats(id);
  store.setState(taken, true);
}

export const inviteGuest = (guest: { email: string; name?: string; expires_at?: string; channels: Id[] }) =>
  heard(orgs.inviteGuest(store.getState().org?.id ?? "", guest));

export const changeGuest = (
  channel: Id,
  guest: Id,
  change: { expires_at?: string | null; delivery?: Delivery; sponsor?: Id },
) => heard(channels.changeGuest(channel, guest, change));

export const removeGuestEverywhere = (guest: Id) => heard(orgs.removeGuest(store.getState().org?.id ?? "", guest));

export const answerRequest = (asked: Id, yes: boolean): Promise<unknown> =>
  heard<unknown>(yes ? guestLinks.approve(asked) : guestLinks.decline(asked));

export const changeInviters = async (guest_invites: Org["guest_invites"]): Promise<void> => {
  const org = await heard(orgs.change(store.getState().org?.id ?? "", { guest_invites }));
  update((state) => ({ ...state, org }));
};

export const removeGuest = (channel: Id, guest: Id) => heard(channels.removeGuest(channel, guest));

export const acceptRequest = (id: Id) => heard(requests.accept(id));

export const declineRequest = (id: Id) => heard(requests.decline(id));

export const blockRequest = (id: Id) => heard(requests.block(id));

let catching: Promise<void> | null = null;

/** Fetches what is missing in every stream that we follow, as long as something is. One at a time. */
export function catchUp(streams?: readonly string[]): Promise<void> {
  catching ??= fetchMissing(streams).finally(() => {
    catching = null;
  });
  return catching;
}

async function fetchMissing(only?: readonly string[]): Promise<void> {
  let wanted = only ?? Object.keys(store.getState().cursors);
  while (wanted.length > 0) {
    const { cursors } = store.getState();
    const some = wanted.filter((key) => key in cursors).slice(0, 50);
    if (some.length === 0) return;
    const answer = await liveApi.sync(some.map((key) => `${key}@${cursors[key]}`).join(","));
    const rest = wanted.filter((key) => !some.includes(key));
    update((state) => Object.values(answer.streams).reduce((next, { events }) => applyAll(next, events), state));
    const unfinished = Object.entries(answer.streams).filter(([, part]) => part.more && part.events.length > 0);
    wanted = [...unfinished.map(([key]) => key), ...rest];
  }
}
