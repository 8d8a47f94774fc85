/** The cast of the tests: Alice reads at this page, Bob writes to her in #garden, Carol is there too, Dana by mail. */
import type { Channel, Event, Guest, GuestSeat, Kind, Me, Message, Org, Payload, Person, Seat } from "../api/types";
import { loadedState, type State } from "../data/state";

export const alice: Person = {
  id: "A",
  name: "Alice",
  email: "alice@birch.example",
  role: "owner",
  handle: "alice",
  active: true,
};
export const bob: Person = {
  id: "B",
  name: "Bob",
  email: "bob@birch.example",
  role: "member",
  handle: "bob",
  active: true,
};
export const carol: Person = {
  id: "C",
  name: "Carol",
  email: "carol@birch.example",
  role: "member",
  handle: "carol",
  active: true,
};
export const dana: Person = {
  id: "D",
  name: "Dana",
  email: "dana@mail.example",
  role: "guest",
  handle: "dana",
  active: true,
};
export const org: Org = { id: "O", slug: "birch", name: "Birch & Co", guest_invites: "members" };
export const GARDEN = "channel:G";

export const at = (second: number): string => new Date(Date.UTC(2025, 0, 1, 9, 0, second)).toISOString();

export function channel(fields: Partial<Channel> = {}): Channel {
  return {
    id: "G",
    org: "O",
    name: "garden",
    kind: "public",
    topic: "",
    archived: false,
    created_at: at(0),
    created_by: "A",
    members: 2,
    head: 3,
    my: { joined_at: at(0), read: 3, unread: 0, mentions: 0, role: "admin", muted: false },
    people: [],
    ...fields,
  };
}

export function message(seq: number, fields: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    client_id: null,
    seq,
    channel: "G",
    thread: null,
    also_to_channel: false,
    author: "B",
    author_name: "Bob",
    text: `words ${seq}`,
    html: `<p>words ${seq}</p>`,
    files: [],
    reactions: [],
    mentions: [],
    mentions_all: null,
    edited_at: null,
    deleted: false,
    pinned: null,
    replies: null,
    origin: "web",
    quoted: null,
    created_at: at(seq),
    ...fields,
  };
}

/** What is left of a message that was deleted, as the server says it. */
export function tombstone(seq: number, fields: Partial<Message> = {}): Message {
  return message(seq, { text: "", html: "", deleted: true, ...fields });
}

export function event<K extends Kind>(stream: string, seq: number, kind: K, payload: Payload<K>, actor = "B"): Event {
  return { stream, seq, kind, actor, payload, at: at(seq) } as Event;
}

/** Dana's seat in #garden, for which Bob vouches. */
export const seat = (fields: Partial<Seat> = {}): Seat => ({
  person: "D",
  sponsor: "B",
  expires_at: null,
  delivery: "every",
  encrypted: false,
  ...fields,
});

/** The same as it is kept, with how mail to her fares. */
export const known = (fields: Partial<GuestSeat> = {}): GuestSeat => ({
  ...seat(),
  state: "ok",
  why: "",
  active_at: null,
  ...fields,
});

export function guest(fields: Partial<Guest> = {}): Guest {
  const { person: _id, ...rest } = known();
  return { ...dana, ...rest, joined_at: at(0), active_at: null, ...fields };
}

export const posted = (seq: number, fields: Partial<Message> = {}): Event =>
  event(GARDEN, seq, "message.posted", { message: message(seq, fields) }, fields.author ?? "B");

export const deleted = (seq: number, left: Message): Event =>
  event(GARDEN, seq, "message.deleted", { id: left.id, thread: left.thread, message: left });

export const me: Me = {
  person: alice,
  org,
  settings: {},
  memberships: [],
  csrf: "token",
  limits: { text: 40_000, upload: 50 * 1024 * 1024 },
};

/** Alice's page just after loading: she is in #garden (head 3), nothing unread. */
export function loaded(channels: Channel[] = [channel()]): State {
  return loadedState({
    me,
    channels,
    people: [alice, bob, carol],
    drafts: [],
    saved: [],
    requests: [],
    strangers: [],
    heads: { "person:A": 5, "org:O": 7 },
  });
}
