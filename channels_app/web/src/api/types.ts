/** The shapes of the JSON API and of the socket: the one place where they are written down for the client. */

export type Id = string;
export type Stamp = string;
export type Role = "owner" | "admin" | "member" | "guest";
export type ChannelKind = "public" | "private" | "announcement" | "direct";
export type ChannelRole = "admin" | "member";
export type Origin = "web" | "api" | "imap" | "mail" | "import";

export interface Org {
  id: Id;
  slug: string;
  name: string;
}

export interface Person {
  id: Id;
  name: string;
  email: string;
  role: Role;
  /** What an @mention of this person inserts. */
  handle: string;
  active?: boolean;
}

export interface Membership {
  joined_at: Stamp;
  read: number;
  unread: number;
  mentions: number;
  role: ChannelRole;
  muted: boolean;
}

export interface Channel {
  id: Id;
  org: Id;
  name: string;
  kind: ChannelKind;
  topic: string;
  archived: boolean;
  created_at: Stamp;
  created_by: Id | null;
  members: number;
  head: number;
  my: Membership | null;
  people: Id[];
}

export interface ChannelMember extends Person {
  channel_role: ChannelRole;
  joined_at: Stamp;
}

export interface FileInfo {
  id: Id;
  name: string;
  type: string;
  size: number;
  width: number | null;
  height: number | null;
  url: string;
  preview_url: string | null;
}

export interface Reaction {
  emoji: string;
  people: Id[];
}

export interface Replies {
  count: number;
  last_at: Stamp | null;
  people: Id[];
}

export interface Message {
  id: Id;
  /** What its author's client called it when it was posted. */
  client_id?: string | null;
  seq: number;
  channel: Id;
  thread: Id | null;
  also_to_channel: boolean;
  author: Id;
  author_name: string;
  text: string;
  html: string;
  files: FileInfo[];
  reactions: Reaction[];
  mentions: Id[];
  mentions_all: "channel" | "here" | null;
  edited_at: Stamp | null;
  deleted: boolean;
  pinned: { by: Id | null; at: Stamp } | null;
  replies: Replies | null;
  origin: Origin;
  quoted: string | null;
  created_at: Stamp;
}

export interface MessageWindow {
  items: Message[];
  has_before: boolean;
  has_after: boolean;
  head: number;
}

export interface ThreadPage {
  root: Message;
  items: Message[];
  has_after: boolean;
  head: number;
}

export interface Version {
  text: string;
  html: string;
  at: Stamp;
}

export interface Draft {
  channel: Id;
  thread: Id | "";
  text: string;
  updated_at: Stamp;
}

export type ThemeName = "system" | "light" | "dark";
export interface Settings {
  theme?: ThemeName;
  [key: string]: unknown;
}

export interface Me {
  person: Person;
  org: Org;
  settings: Settings;
  memberships: { org: Org; person: Person }[];
  csrf: string;
  limits: { text: number; upload: number };
}

export interface MailHost {
  host: string;
  port: number;
  security: string;
}

export interface AppPassword {
  id: Id;
  name: string;
  created_at: Stamp;
  last_used_at?: Stamp | null;
}

export interface NewAppPassword {
  id: Id;
  name: string;
  username: string;
  password: string;
  imap: MailHost;
}

export interface ChannelMail {
  folder: string;
  imap: MailHost;
  url: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface ReadState {
  read: number;
  unread: number;
  mentions: number;
}

export interface SignedIn {
  org: Org;
  person: Person;
}

export interface NewMessage {
  text: string;
  thread?: Id;
  also_to_channel?: boolean;
  files?: Id[];
  client_id: string;
}

export interface ErrorBody {
  code: string;
  message: string;
  fields?: Record<string, unknown>;
}

/** Everything that can happen in a stream, kind by kind. */
export interface Payloads {
  "message.posted": { message: Message };
  "message.edited": {
    id: Id;
    text: string;
    html: string;
    mentions: Id[];
    mentions_all: Message["mentions_all"];
    edited_at: Stamp;
    /** What the message said before. */
    before?: string;
  };
  /** `message` is what remains: its place, without its text. */
  "message.deleted": { id: Id; thread: Id | null; message?: Message };
  "message.pinned": { id: Id; by: Id; at: Stamp };
  "message.unpinned": { id: Id };
  "reaction.added": { id: Id; emoji: string; person: Id };
  "reaction.removed": { id: Id; emoji: string; person: Id };
  "member.joined": { person: Person; channel_role?: ChannelRole; by?: Id };
  "member.left": { person: Id; by?: Id };
  "member.changed": { person: Person | Id; channel_role?: ChannelRole };
  "channel.created": { channel: Channel };
  "channel.changed": { id?: Id; name: string; topic: string; kind: ChannelKind };
  "channel.archived": { id?: Id; archived: boolean };
  "channel.deleted": { id?: Id };
  "org.created": { org: Org };
  "read.moved": { channel: Id } & ReadState;
  "draft.changed": Draft;
  "channel.joined": { channel: Channel };
  "channel.left": { channel: Id };
  "channel.muted": { channel: Id; muted: boolean };
  "message.saved": { id: Id; channel: Id };
  "message.unsaved": { id: Id; channel: Id };
  "me.changed": { person: Person; settings: Settings };
  "access.ended": Record<string, never>;
}

export type Kind = keyof Payloads;

interface EventOf<K extends Kind> {
  stream: string;
  seq: number;
  kind: K;
  actor: Id | null;
  origin?: string;
  payload: Payloads[K];
  at: Stamp;
}

export type Event = { [K in Kind]: EventOf<K> }[Kind];

export interface SyncAnswer {
  streams: Record<string, { events: Event[]; head: number; more: boolean }>;
}

export type PresenceState = "active" | "away" | "offline";

export type Presence = Record<Id, PresenceState>;

export type Frame =
  | { type: "hello"; person: Person; org: Org; streams: Record<string, number>; presence?: Presence }
  | ({ type: "event" } & Event)
  | { type: "reply"; id: string; result?: unknown; error?: ErrorBody }
  | { type: "typing"; channel: Id; person: Id; thread?: Id | null }
  | { type: "presence"; person?: Id; state?: PresenceState; people?: Presence }
  | { type: "error"; code: string; message: string }
  | { type: "pong" };
