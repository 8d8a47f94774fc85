/**
 * `apply(state, event)`: old state + event = fresh state. Pure.
 *
 * An event at or before its stream's cursor changes nothing. An event further ahead than the next one is not applied
 * either: its stream is noted in `gaps`, and the missing events are fetched before it is applied in its turn.
 */
import type { Channel, Event, Id, Membership, Person } from "../api/types";
import { countDeletion, countEdit, countPost, countRead, stale } from "./counts";
import { applyToRoom } from "./room";
import { seated } from "./seats";
import { byId, channelStream, draftKey, emptyRoom, type Room, type State, without } from "./state";

export function apply(state: State, event: Event): State {
  const cursor = state.cursors[event.stream];
  if (cursor === undefined || event.seq > cursor + 1) return missing(state, event);
  if (event.seq <= cursor) return state;
  return advanced(change(state, event), event);
}

export function applyAll(state: State, events: readonly Event[]): State {
  return events.reduce(apply, state);
}

function missing(state: State, event: Event): State {
  const seen = Math.max(state.gaps[event.stream] ?? 0, event.seq);
  return { ...state, gaps: { ...state.gaps, [event.stream]: seen } };
}

function advanced(state: State, event: Event): State {
  const { stream, seq } = event;
  // Leaving a channel drops its cursor; it must not come back through the event that made us leave.
  if (!(stream in state.cursors)) return state;
  const closed = (state.gaps[stream] ?? Number.POSITIVE_INFINITY) <= seq;
  return {
    ...state,
    cursors: { ...state.cursors, [stream]: seq },
    gaps: closed ? without(state.gaps, stream) : state.gaps,
  };
}

function change(state: State, event: Event): State {
  const [kind = "", id = ""] = event.stream.split(":", 2);
  if (kind === "channel") return inChannel(state, id, event);
  if (kind === "org") return inOrg(state, event);
  return inPerson(state, event);
}

function inChannel(state: State, id: Id, event: Event): State {
  const room = state.rooms[id];
  const next = room ? { ...state, rooms: { ...state.rooms, [id]: applyToRoom(room, event) } } : state;
  return withHead(inConversation(next, id, event, room), id, event.seq);
}

function inConversation(state: State, id: Id, event: Event, before: Room | undefined): State {
  switch (event.kind) {
    case "message.posted":
      return countPost(state, id, event.payload.message, event.seq);
    case "message.edited":
      return countEdit(state, id, event, before);
    case "message.deleted": {
      const counted = countDeletion(state, id, event, before);
      return { ...counted, saved: without(counted.saved, event.payload.id) as State["saved"] };
    }
    case "member.joined": {
      const person = event.payload.person;
      const known = state.people[person.id] ? state : withPerson(state, person);
      return changed(known, id, (channel) => ({
        members: channel.members + Number(event.seq > channel.head),
        people: directPeople(channel, person),
      }));
    }
    case "member.left":
      return changed(state, id, (channel) => ({ members: channel.members - Number(event.seq > channel.head) }));
    case "member.changed": {
      const known = withPerson(state, event.payload.person);
      if (!("channel_role" in event.payload) || event.payload.person.id !== state.me?.id) return known;
      const { channel_role: role } = event.payload;
      return changedMembership(known, id, () => ({ role }));
    }
    case "guest.joined":
    case "guest.changed":
    case "guest.left":
    case "delivery.failed":
      return seated(state, id, event);
    case "channel.changed":
    case "channel.archived":
    case "channel.deleted":
      return channelNews(state, id, event);
    default:
      return state;
  }
}

function withHead(state: State, id: Id, seq: number): State {
  const channel = state.channels[id];
  return channel && channel.head < seq ? withChannel(state, { ...channel, head: seq }) : state;
}

function directPeople(channel: Channel, person: Person): Id[] {
  return channel.kind === "direct" ? [...new Set([...channel.people, person.id])].sort() : channel.people;
}

function channelNews(state: State, id: Id, event: Event): State {
  if (event.kind === "channel.changed") {
    const { name, topic, kind } = event.payload;
    return changed(state, id, () => ({ name, topic, kind }));
  }
  if (event.kind === "channel.archived") {
    const { archived } = event.payload;
    return changed(state, id, () => ({ archived }));
  }
  return event.kind === "channel.deleted" ? forgotten(state, id) : state;
}

function inOrg(state: State, event: Event): State {
  switch (event.kind) {
    case "org.created":
    case "org.changed":
      return { ...state, org: event.payload.org };
    case "member.joined":
    case "member.changed":
      return withPerson(state, event.payload.person);
    case "member.left": {
      const person = state.people[event.payload.person];
      return person ? withPerson(state, { ...person, active: false }) : state;
    }
    case "channel.created": {
      const { channel } = event.payload;
      return state.channels[channel.id] ? state : withChannel(state, { ...channel, my: null });
    }
    case "channel.changed":
    case "channel.archived":
      return channelNews(state, channelOf(event.payload), event);
    case "channel.deleted":
      // Also said when a channel closes; whoever is in it stays, and hears of its end from its own stream.
      return state.channels[channelOf(event.payload)]?.my ? state : forgotten(state, channelOf(event.payload));
    default:
      return state;
  }
}

/** In the organization's stream such an event names its channel; in a channel's own it need not. */
const channelOf = (payload: object): Id => ("id" in payload ? String(payload.id) : "");

function inPerson(state: State, event: Event): State {
  switch (event.kind) {
    case "read.moved":
      return countRead(state, event);
    case "draft.changed": {
      const draft = event.payload;
      const key = draftKey(draft.channel, draft.thread);
      const drafts = draft.text === "" ? without(state.drafts, key) : { ...state.drafts, [key]: draft };
      return { ...state, drafts };
    }
    case "channel.joined":
      // Who else is coming in at the same moment is told to us once more: the count is asked for again.
      return stale(joined(state, event.payload.channel), event.payload.channel.id);
    case "channel.left":
      return event.payload.deleted ? forgotten(state, event.payload.channel) : left(state, event.payload.channel);
    case "channel.muted": {
      const { channel, muted } = event.payload;
      return changedMembership(state, channel, () => ({ muted }));
    }
    case "message.saved":
      return { ...state, saved: { ...state.saved, [event.payload.id]: true } };
    case "message.unsaved":
      return { ...state, saved: without(state.saved, event.payload.id) as State["saved"] };
    case "request.received":
      return { ...state, strangers: { ...state.strangers, [event.payload.request.id]: event.payload.request } };
    case "request.accepted":
    case "request.declined":
    case "request.blocked":
      return { ...state, strangers: without(state.strangers, event.payload.id) };
    case "guest.asked": {
      const { request } = event.payload;
      return { ...state, requests: { ...state.requests, [request.id]: request } };
    }
    case "guest.answered":
      return { ...state, requests: without(state.requests, event.payload.id) };
    case "me.changed": {
      const { person, settings } = event.payload;
      return { ...withPerson(state, person), me: person, settings };
    }
    default:
      return state;
  }
}

/** Being in a channel: its stream is followed from the head the channel was read at. */
export function joined(state: State, channel: Channel): State {
  const stream = channelStream(channel.id);
  const cursor = state.cursors[stream];
  if (cursor !== undefined && cursor >= channel.head) {
    const known = state.channels[channel.id] ?? channel;
    return known.my && known !== channel ? state : withChannel(state, { ...known, my: channel.my });
  }
  const ahead = state.gaps[stream] ?? 0;
  return {
    ...withChannel(state, channel),
    cursors: { ...state.cursors, [stream]: channel.head },
    gaps: ahead > channel.head ? state.gaps : without(state.gaps, stream),
    rooms: without(state.rooms, channel.id),
    seats: without(state.seats, channel.id),
  };
}

export function left(state: State, id: Id): State {
  const channel = state.channels[id];
  if (!channel) return state;
  if (channel.kind === "private" || channel.kind === "direct") return forgotten(state, id);
  const admin = state.me?.role === "owner" || state.me?.role === "admin";
  return {
    ...withChannel(state, { ...channel, my: null }),
    requests: admin ? state.requests : notAsked(state, id),
    cursors: without(state.cursors, channelStream(id)),
    seats: without(state.seats, id),
  };
}

/** Who asks elsewhere; those who ask here are for others to answer. */
function notAsked({ requests }: State, id: Id): State["requests"] {
  return byId(Object.values(requests).filter(({ channel }) => channel !== id));
}

function forgotten(state: State, id: Id): State {
  return {
    ...state,
    requests: notAsked(state, id),
    channels: without(state.channels, id),
    rooms: without(state.rooms, id),
    seats: without(state.seats, id),
    cursors: without(state.cursors, channelStream(id)),
    gaps: without(state.gaps, channelStream(id)),
    counted: without(state.counted, id),
    stale: without(state.stale, id),
  };
}

export function withChannel(state: State, channel: Channel): State {
  return { ...state, channels: { ...state.channels, [channel.id]: channel } };
}

/** Channels that one may look into without being in them; what is known of any is newer. */
export function withOthers(state: State, channels: readonly Channel[]): State {
  const others = channels.filter((channel) => !channel.my);
  return { ...state, channels: { ...byId(others), ...state.channels } };
}

function withPerson(state: State, person: Person): State {
  return { ...state, people: { ...state.people, [person.id]: { ...state.people[person.id], ...person } } };
}

function changed(state: State, id: Id, change: (channel: Channel) => Partial<Channel>): State {
  const channel = state.channels[id];
  return channel ? withChannel(state, { ...channel, ...change(channel) }) : state;
}

export function changedMembership(state: State, id: Id, change: (my: Membership) => Partial<Membership>): State {
  return changed(state, id, ({ my }) => ({ my: my ? { ...my, ...change(my) } : null }));
}

export function ensureRoom(state: State, id: Id): State {
  return state.rooms[id] ? state : { ...state, rooms: { ...state.rooms, [id]: emptyRoom } };
}
