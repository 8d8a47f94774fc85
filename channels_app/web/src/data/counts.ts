/** What we have not read yet: how a post, an edit, a deletion and a move of our read position change the counts. */
import type { Channel, EventOf, Id, Membership, Message } from "../api/types";
import { inMainLine } from "./room";
import type { Room, State } from "./state";

/** In direct conversations every message counts as a mention. */
function calls(channel: Channel, message: Message, me: Id): boolean {
  if (message.author === me || message.deleted) return false;
  if (message.mentions_all !== null || message.mentions.includes(me)) return true;
  return channel.kind === "direct" && inMainLine(message);
}

const isUnread = (message: Message, me: Id): boolean => message.author !== me && inMainLine(message);

function moved(state: State, id: Id, change: (my: Membership, channel: Channel) => Partial<Membership> | null): State {
  const channel = state.channels[id];
  if (!channel?.my) return state;
  const fields = change(channel.my, channel);
  if (!fields) return state;
  return { ...state, channels: { ...state.channels, [id]: { ...channel, my: { ...channel.my, ...fields } } } };
}

/** Up to which event of the channel our counts are true: what we have heard, or what they were read at. */
const countedTo = (state: State, channel: Channel): number => Math.max(channel.head, state.counted[channel.id] ?? 0);

/**
 * A post. One that was deleted since is counted all the same (as a direct conversation's mention too): its deletion
 * follows and takes it off again.
 */
export function countPost(state: State, id: Id, message: Message, seq: number): State {
  const me = state.me?.id ?? "";
  return moved(state, id, (my, channel) => {
    if (seq <= my.read || seq <= countedTo(state, channel)) return null;
    const called = calls(channel, { ...message, deleted: false }, me);
    return { unread: my.unread + Number(isUnread(message, me)), mentions: my.mentions + Number(called) };
  });
}

/** A deletion. `before` is the room as it was: the event itself no longer says who was mentioned. */
export function countDeletion(
  state: State,
  id: Id,
  event: EventOf<"message.deleted">,
  before: Room | undefined,
): State {
  const gone = event.payload.message;
  const me = state.me?.id ?? "";
  const channel = state.channels[id];
  if (!channel?.my || gone.author === me || gone.seq <= channel.my.read) return state;
  if (event.seq <= countedTo(state, channel)) return state;
  const known = before?.byId[gone.id];
  const direct = channel.kind === "direct" && inMainLine(gone);
  const called = direct || (known !== undefined && calls(channel, known, me));
  const next = moved(state, id, (my) => ({
    unread: Math.max(0, my.unread - Number(isUnread(gone, me))),
    mentions: Math.max(0, my.mentions - Number(called)),
  }));
  return !known && !direct && channel.my.mentions > 0 ? stale(next, id) : next;
}

/** An edit may bring a mention of us, or take one away. */
export function countEdit(state: State, id: Id, event: EventOf<"message.edited">, before: Room | undefined): State {
  const me = state.me?.id ?? "";
  const channel = state.channels[id];
  if (!channel?.my || event.actor === me || event.seq <= channel.my.read) return state;
  if (event.seq <= countedTo(state, channel)) return state;
  const { id: message, mentions, mentions_all } = event.payload;
  const known = before?.byId[message];
  if (!known) {
    const touches = mentions_all !== null || mentions.includes(me) || channel.my.mentions > 0;
    return touches ? stale(state, id) : state;
  }
  if (known.seq <= channel.my.read) return state;
  const change = Number(calls(channel, { ...known, mentions, mentions_all }, me)) - Number(calls(channel, known, me));
  return change === 0 ? state : moved(state, id, (my) => ({ mentions: Math.max(0, my.mentions + change) }));
}

/**
 * Our read position, told by our own stream, whose counts are true as of the channel's event `head`. Where that is ahead
 * of the channel's stream, the events up to it are counted already; where it is behind, what came since is missing in
 * the counts: we count for ourselves where we hold what comes after the position, and else ask.
 */
export function countRead(state: State, event: EventOf<"read.moved">): State {
  const { channel: id, read, unread, mentions, head } = event.payload;
  const channel = state.channels[id];
  if (!channel?.my) return state;
  const room = state.rooms[id];
  const first = room?.byId[room.line[0] ?? ""];
  const covers = room?.loaded && !room.hasAfter && (!room.hasBefore || (first !== undefined && first.seq <= read + 1));
  const behind = head < countedTo(state, channel);
  const next = moved(state, id, () => ({
    read,
    mentions,
    unread: behind && covers ? unreadIn(room, read, state.me?.id ?? "") : unread,
  }));
  if (behind) return channel.my.read < channel.head ? stale(next, id) : next;
  return { ...next, counted: { ...next.counted, [id]: head } };
}

function unreadIn(room: Room, read: number, me: Id): number {
  let count = 0;
  for (let at = room.line.length - 1; at >= 0; at -= 1) {
    const message = room.byId[room.line[at] as Id];
    if (!message || message.seq <= read) break;
    if (!message.deleted && isUnread(message, me)) count += 1;
  }
  return count;
}

/** The counts as the server has them now; `head` says up to where they are true. */
export function takeCounts(state: State, fresh: Channel): State {
  const { [fresh.id]: _known, ...others } = state.stale;
  const channel = state.channels[fresh.id];
  if (!channel?.my || !fresh.my || fresh.head < channel.head) return { ...state, stale: others };
  const { read, unread, mentions } = fresh.my;
  const { head, members } = fresh;
  const counted = { ...channel, head, members, my: { ...channel.my, read, unread, mentions } };
  return { ...state, stale: others, channels: { ...state.channels, [fresh.id]: counted } };
}

export function stale(state: State, id: Id): State {
  return state.stale[id] ? state : { ...state, stale: { ...state.stale, [id]: true } };
}
