/** Every request the client makes, by name. */
import { askSession, request } from "./http";
import type {
  AppPassword,
  BlockedAddress,
  Channel,
  ChannelKind,
  ChannelMail,
  ChannelMember,
  Delivery,
  Draft,
  Guest,
  GuestLink,
  GuestRequest,
  Held,
  HeldGuest,
  HeldMail,
  Id,
  JoinCode,
  Me,
  Message,
  MessageWindow,
  NewAppPassword,
  NewGuestLink,
  NewMessage,
  OpenRequest,
  Org,
  Page,
  Person,
  PresenceState,
  ReadState,
  Released,
  Role,
  Settings,
  Share,
  SignedIn,
  SyncAnswer,
  ThreadPage,
  Tray,
  Version,
} from "./types";

const part = encodeURIComponent;

/** Which guests are looked for, and after which page. */
export type AskedGuests = {
  state?: string | undefined;
  channel?: Id | undefined;
  sponsor?: Id | undefined;
  q?: string | undefined;
  cursor?: string | null;
  limit?: number;
};

export const session = {
  get: askSession,
  signIn: (body: { email: string; password: string; org?: Id }) =>
    request<SignedIn | { choose: Org[] }>("POST", "/session", body),
  signOut: () => request<void>("DELETE", "/session"),
};

export const setup = {
  get: () => request<{ needed: boolean }>("GET", "/setup"),
  create: (body: { token: string; organization: string; name: string; email: string; password: string }) =>
    request<SignedIn>("POST", "/setup", body),
};

export const join = {
  get: (token: string) => request<{ org: Org; email: string; name: string }>("GET", `/join/${part(token)}`),
  accept: (body: { token: string; name: string; password: string }) => request<SignedIn>("POST", "/join", body),
};

export const me = {
  get: () => request<Me>("GET", "/me"),
  change: (body: { name?: string; settings?: Settings; password?: { old: string; new: string } }) =>
    request<Me>("PATCH", "/me", body),
  appPasswords: () => request<Page<AppPassword>>("GET", "/me/app-passwords"),
  newAppPassword: (name: string) => request<NewAppPassword>("POST", "/me/app-passwords", { name }),
  dropAppPassword: (id: Id) => request<void>("DELETE", `/me/app-passwords/${part(id)}`),
  drafts: () => request<Page<Draft>>("GET", "/me/drafts"),
  saved: () => request<Page<Message>>("GET", "/me/saved"),
  guests: (asked: AskedGuests) => request<Page<HeldGuest>>("GET", "/me/guests", undefined, asked),
  guestRequests: () => everyPage<GuestRequest>("/me/guest-requests", {}),
};

export const orgs = {
  members: (org: Id) => everyPage<Person>(`/orgs/${part(org)}/members`, {}),
  invite: (org: Id, body: { email: string; name?: string; role?: Role }) =>
    request<{ person: Person; link: string }>("POST", `/orgs/${part(org)}/invitations`, body),
  change: (org: Id, body: { guest_invites: Org["guest_invites"] }) => request<Org>("PATCH", `/orgs/${part(org)}`, body),
  guests: (org: Id, asked: AskedGuests) =>
    request<Page<HeldGuest>>("GET", `/orgs/${part(org)}/guests`, undefined, asked),
  inviteGuest: (org: Id, body: { email: string; name?: string; expires_at?: string; channels: Id[] }) =>
    request<HeldGuest>("POST", `/orgs/${part(org)}/guests`, body),
  removeGuest: (org: Id, guest: Id) => request<void>("DELETE", `/orgs/${part(org)}/guests/${part(guest)}`),
  offers: (org: Id) => request<Page<Share>>("GET", `/orgs/${part(org)}/shares`),
  acceptOffer: (org: Id, share: Id, body: { name: string; kind: "public" | "private" }) =>
    request<Channel>("POST", `/orgs/${part(org)}/shares/${part(share)}`, body),
  declineOffer: (org: Id, share: Id) => request<void>("DELETE", `/orgs/${part(org)}/shares/${part(share)}`),
};

export const guestLinks = {
  list: (channel: Id) => request<Page<GuestLink>>("GET", `/channels/${part(channel)}/guest-links`),
  make: (channel: Id, body: NewGuestLink) => request<GuestLink>("POST", `/channels/${part(channel)}/guest-links`, body),
  revoke: (link: Id) => request<void>("DELETE", `/guest-links/${part(link)}`),
  approve: (asked: Id) => request<Guest>("POST", `/guest-requests/${part(asked)}/approve`, {}),
  decline: (asked: Id) => request<void>("DELETE", `/guest-requests/${part(asked)}`),
};

export const channels = {
  list: (filter: "mine" | "all") => everyPage<Channel>("/channels", { filter }),
  get: (id: Id) => request<Channel>("GET", `/channels/${part(id)}`),
  create: (body: { name: string; kind: ChannelKind; topic?: string; members?: Id[]; org?: Id }) =>
    request<Channel>("POST", "/channels", body),
  change: (id: Id, body: { name?: string; topic?: string; muted?: boolean; kind?: ChannelKind }) =>
    request<Channel>("PATCH", `/channels/${part(id)}`, body),
  remove: (id: Id) => request<void>("DELETE", `/channels/${part(id)}`),
  act: (id: Id, verb: "join" | "leave" | "archive" | "unarchive") =>
    request<Channel>("POST", `/channels/${part(id)}/${verb}`, {}),
  members: (id: Id) => everyPage<ChannelMember>(`/channels/${part(id)}/members`, {}),
  addMembers: (id: Id, people: Id[]) => request<unknown>("POST", `/channels/${part(id)}/members`, { people }),
  removeMember: (id: Id, person: Id) => request<void>("DELETE", `/channels/${part(id)}/members/${part(person)}`),
  guests: (id: Id) => everyPage<Guest>(`/channels/${part(id)}/guests`, {}),
  changeGuest: (id: Id, guest: Id, body: { expires_at?: string | null; delivery?: Delivery; sponsor?: Id }) =>
    request<Guest>("PATCH", `/channels/${part(id)}/guests/${part(guest)}`, body),
  removeGuest: (id: Id, guest: Id) => request<void>("DELETE", `/channels/${part(id)}/guests/${part(guest)}`),
  joinCodes: (id: Id) => request<Page<JoinCode>>("GET", `/channels/${part(id)}/join-codes`),
  newJoinCode: (id: Id, body: { most_uses: number }) =>
    request<JoinCode>("POST", `/channels/${part(id)}/join-codes`, body),
  dropJoinCode: (id: Id, code: Id) => request<void>("DELETE", `/channels/${part(id)}/join-codes/${part(code)}`),
  shares: (id: Id) => request<Page<Share>>("GET", `/channels/${part(id)}/shares`),
  share: (id: Id, address: string) => request<Share>("POST", `/channels/${part(id)}/shares`, { address }),
  endShare: (id: Id, share: Id) => request<void>("DELETE", `/channels/${part(id)}/shares/${part(share)}`),
  messages: (id: Id, where: { before?: number; after?: number; around?: number; limit?: number }) =>
    request<MessageWindow>("GET", `/channels/${part(id)}/messages`, undefined, where),
  post: (id: Id, body: NewMessage) => request<Message>("POST", `/channels/${part(id)}/messages`, body),
  pins: (id: Id) => request<Page<Message>>("GET", `/channels/${part(id)}/pins`),
  read: (id: Id, seq: number) => request<ReadState>("POST", `/channels/${part(id)}/read`, { seq }),
  unread: (id: Id, seq: number) => request<ReadState>("POST", `/channels/${part(id)}/unread`, { seq }),
  draft: (id: Id, thread: Id | "", text: string) =>
    request<Draft>("PUT", `/channels/${part(id)}/draft`, thread === "" ? { text } : { text, thread }),
  mail: (id: Id) => request<ChannelMail>("GET", `/channels/${part(id)}/mail`),
};

/** Strangers who wrote to us, and whom we do not want to hear of. */
export const requests = {
  tray: () => request<Tray>("GET", "/me/requests"),
  get: (id: Id) => request<OpenRequest>("GET", `/me/requests/${part(id)}`),
  accept: (id: Id) => request<Channel>("POST", `/me/requests/${part(id)}/accept`, {}),
  decline: (id: Id) => request<void>("POST", `/me/requests/${part(id)}/decline`, {}),
  block: (id: Id) => request<void>("POST", `/me/requests/${part(id)}/block`, {}),
  blocked: () => request<{ items: BlockedAddress[] }>("GET", "/me/blocked"),
  unblock: (id: Id) => request<void>("DELETE", `/me/blocked/${part(id)}`),
};

/** Mails that were kept back, for admins. */
export const quarantine = {
  list: (org: Id, where: { channel?: Id; cursor?: string | null }) =>
    request<Page<Held>>("GET", `/orgs/${part(org)}/quarantine`, undefined, where),
  get: (org: Id, id: Id) => request<HeldMail>("GET", `/orgs/${part(org)}/quarantine/${part(id)}`),
  raw: (org: Id, id: Id) => `/api/v1/orgs/${part(org)}/quarantine/${part(id)}/raw`,
  release: (org: Id, id: Id) => request<Released>("POST", `/orgs/${part(org)}/quarantine/${part(id)}/release`, {}),
  remove: (org: Id, id: Id) => request<void>("DELETE", `/orgs/${part(org)}/quarantine/${part(id)}`),
};

export const messages = {
  get: (id: Id) => request<Message>("GET", `/messages/${part(id)}`),
  edit: (id: Id, text: string) => request<Message>("PATCH", `/messages/${part(id)}`, { text }),
  remove: (id: Id) => request<Message | undefined>("DELETE", `/messages/${part(id)}`),
  thread: (id: Id, after?: number) =>
    request<ThreadPage>("GET", `/messages/${part(id)}/thread`, undefined, { after: after ?? null, limit: 200 }),
  history: (id: Id) => request<{ items: Version[] }>("GET", `/messages/${part(id)}/history`),
  react: (id: Id, emoji: string, on: boolean) =>
    request<Message>(on ? "PUT" : "DELETE", `/messages/${part(id)}/reactions/${part(emoji)}`),
  pin: (id: Id, on: boolean) => request<Message>(on ? "PUT" : "DELETE", `/messages/${part(id)}/pin`),
  save: (id: Id, on: boolean) => request<void>(on ? "PUT" : "DELETE", `/messages/${part(id)}/save`),
};

export const live = {
  sync: (streams: string) => request<SyncAnswer>("GET", "/sync", undefined, { streams }),
  presence: () => request<{ people: Record<Id, PresenceState> }>("GET", "/presence"),
};

/** All items of a list, page after page, 200 at a time. */
async function everyPage<T>(path: string, query: Record<string, string>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await request<Page<T>>("GET", path, undefined, { ...query, limit: 200, cursor });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return items;
}
