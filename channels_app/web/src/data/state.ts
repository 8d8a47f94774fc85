/**
 * The one normalised store of server state, as plain values.
 *
 * Every message carries `asOf`: the seq of its channel's stream up to which it is known to be true. Events at or before
 * it are already in the message and are never applied twice, whichever of fetch and event came first.
 */
import type {
  Channel,
  ContactRequest,
  Draft,
  Event,
  GuestRequest,
  GuestSeat,
  Id,
  Me,
  Message,
  Org,
  Person,
  Settings,
} from "../api/types";

export interface Known extends Message {
  asOf: number;
}

export interface Room {
  byId: Readonly<Record<Id, Known>>;
  /** The loaded stretch of the main timeline: ids, ascending by seq, without a hole. */
  line: readonly Id[];
  hasBefore: boolean;
  hasAfter: boolean;
  loaded: boolean;
  /** Loaded threads by their root: ids of the replies, ascending by seq. */
  threads: Readonly<Record<Id, readonly Id[]>>;
  /** The last events of the stream, so that an answer that was read before them can catch up. */
  recent: readonly Event[];
}

/** How the guests of a channel sit in it, by their ids. */
export type Seats = Readonly<Record<Id, GuestSeat>>;

export interface State {
  ready: boolean;
  me: Person | null;
  org: Org | null;
  settings: Settings;
  limits: { text: number; upload: number };
  people: Readonly<Record<Id, Person>>;
  channels: Readonly<Record<Id, Channel>>;
  rooms: Readonly<Record<Id, Room>>;
  /** By channel: the guests who take part in it by mail alone, where they were asked for. */
  seats: Readonly<Record<Id, Seats>>;
  /** Who asks to be a guest and waits for our answer. */
  requests: Readonly<Record<Id, GuestRequest>>;
  drafts: Readonly<Record<string, Draft>>;
  saved: Readonly<Record<Id, true>>;
  /** Strangers who wrote to us and wait for an answer. */
  strangers: Readonly<Record<Id, ContactRequest>>;
  /** Seq of the last applied event, stream by stream. */
  cursors: Readonly<Record<string, number>>;
  /** Highest seq seen of a stream whose events in between are missing; they are fetched with `/sync`. */
  gaps: Readonly<Record<string, number>>;
  /** By channel: up to which of its events our counts are true, where they are ahead of what we have heard. */
  counted: Readonly<Record<Id, number>>;
  /** Channels whose unread counts an event changed in a way it does not say; they are asked for again. */
  stale: Readonly<Record<Id, true>>;
}

export const emptyState: State = {
  ready: false,
  me: null,
  org: null,
  settings: {},
  limits: { text: 40_000, upload: 50 * 1024 * 1024 },
  people: {},
  channels: {},
  rooms: {},
  seats: {},
  requests: {},
  drafts: {},
  saved: {},
  strangers: {},
  cursors: {},
  gaps: {},
  counted: {},
  stale: {},
};

export const emptyRoom: Room = {
  byId: {},
  line: [],
  hasBefore: false,
  hasAfter: false,
  loaded: false,
  threads: {},
  recent: [],
};

export const channelStream = (id: Id): string => `channel:${id}`;
export const personStream = (id: Id): string => `person:${id}`;
export const orgStream = (id: Id): string => `org:${id}`;
export const draftKey = (channel: Id, thread: Id | "" | null): string => `${channel}/${thread ?? ""}`;

export interface Loaded {
  me: Me;
  channels: readonly Channel[];
  people: readonly Person[];
  drafts: readonly Draft[];
  saved: readonly Id[];
  strangers: readonly ContactRequest[];
  requests: readonly GuestRequest[];
  /** Heads of the person's and the organization's stream from before the lists were read. */
  heads: Readonly<Record<string, number>>;
}

/** The state after a fresh load; rooms that were open have to be read again. */
export function loadedState(loaded: Loaded): State {
  const { me } = loaded;
  const cursors: Record<string, number> = {};
  for (const key of [personStream(me.person.id), orgStream(me.org.id)]) {
    const head = loaded.heads[key];
    if (head !== undefined) cursors[key] = head;
  }
  for (const channel of loaded.channels) if (channel.my) cursors[channelStream(channel.id)] = channel.head;
  return {
    ...emptyState,
    ready: true,
    me: me.person,
    org: me.org,
    settings: me.settings,
    limits: me.limits,
    people: byId([...loaded.people, me.person]),
    channels: byId(loaded.channels),
    drafts: Object.fromEntries(loaded.drafts.map((draft) => [draftKey(draft.channel, draft.thread), draft])),
    saved: Object.fromEntries(loaded.saved.map((id) => [id, true as const])),
    requests: byId(loaded.requests),
    strangers: byId(loaded.strangers),
    cursors,
  };
}

export function byId<T extends { id: Id }>(items: readonly T[]): Record<Id, T> {
  return Object.fromEntries(items.map((item) => [item.id, item]));
}

export function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  if (!(key in record)) return record;
  const { [key]: _gone, ...rest } = record;
  return rest;
}
