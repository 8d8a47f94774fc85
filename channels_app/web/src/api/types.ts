/**
 * The names by which the client calls the shapes of the API, which are generated from its document; only the socket's
 * frames, which that does not describe, are written down here.
 */
import type {
  AppPasswordShape,
  BlockedShape,
  ChannelShape,
  DraftShape,
  FileShape,
  GuestLinkForm,
  GuestLinkShape,
  GuestRequestShape,
  GuestShape,
  HeldGuestShape,
  HeldMailShape,
  HeldSeatShape,
  HeldShape,
  JoinCodeShape,
  LoginShape,
  MailShape,
  MemberShape,
  MembershipShape,
  MeShape,
  MessageShape,
  MissedShape,
  MyShape,
  OpenRequestShape,
  OrgShape,
  PageShape,
  PersonShape,
  PostForm,
  CountsShape as ReadState,
  ErrorBody as Refusal,
  ReleasedShape,
  RepliesShape as Replies,
  RequestShape,
  SeatShape,
  ShareShape,
  SyncShape as SyncAnswer,
  ThreadShape as ThreadPage,
  TrayShape,
  VersionShape as Version,
} from "./generated/types.gen";

export type { ReadState, Replies, SyncAnswer, ThreadPage, Version };

export type Id = string;
export type Org = OrgShape;
export type Person = PersonShape;
export type Role = Person["role"];
export type Channel = ChannelShape;
export type ChannelKind = Channel["kind"];
export type Membership = MyShape;
export type ChannelMember = MemberShape;
export type Guest = GuestShape;
export type GuestLink = GuestLinkShape;
export type NewGuestLink = Partial<GuestLinkForm>;
export type GuestRequest = GuestRequestShape;
/** A guest with all their seats that one may see. */
export type HeldGuest = HeldGuestShape;
export type HeldSeat = HeldSeatShape;
export type JoinCode = JoinCodeShape;
export type Seat = SeatShape;
export type Share = ShareShape;
/** What is told of a guest beside the seat only when they are asked for: whether mail reaches them, and why not. */
export type GuestSeat = Seat & Pick<Guest, "state" | "why" | "active_at">;
export type Delivery = Seat["delivery"];
/** A stranger who waits to be heard, and the same with what they wrote. */
export type ContactRequest = RequestShape;
export type OpenRequest = OpenRequestShape;
export type Tray = TrayShape;
export type BlockedAddress = BlockedShape;
/** A mail that was kept back, and the same with what is in it. */
export type Held = HeldShape;
export type HeldMail = HeldMailShape;
export type Released = ReleasedShape;
export type FileInfo = FileShape;
export type Message = MessageShape;
export type Origin = Message["origin"];
export type MessageWindow = PageShape;
export type Draft = DraftShape;
export type AppPassword = AppPasswordShape;
export type NewAppPassword = LoginShape;
export type ChannelMail = MailShape;
export type SignedIn = MembershipShape;
export type NewMessage = PostForm & { client_id: string };

/** What the client keeps of a person's settings; the server keeps whatever it is given. */
export type ThemeName = "system" | "light" | "dark";
export type Settings = { theme?: ThemeName; [key: string]: unknown };
export type Me = MeShape & { settings: Settings };

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** Refusals that are made here, without a server, name no fields. */
export type ErrorBody = Omit<Refusal, "fields"> & Partial<Pick<Refusal, "fields">>;

/** Everything that can happen in a stream. */
export type Event = MissedShape["events"][number];
export type Kind = Event["kind"];
export type EventOf<K extends Kind> = Extract<Event, { kind: K }>;
export type Payload<K extends Kind> = EventOf<K>["payload"];

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
