/**
 * The guests of a channel: how those sit in it who take part by mail alone. Pure.
 *
 * A channel's guests are asked for when somebody wants to see them; from then on its events keep them true. Only that mail
 * waits, or arrives again, is not told by any event: they are asked for each time they are shown.
 */
import type { Event, Guest, GuestSeat, Id, Seat } from "../api/types";
import { byId, channelStream, type Seats, type State, without } from "./state";

/** What an event of the channel does to its guests, if they are known. */
export function seated(state: State, id: Id, event: Event): State {
  const seats = state.seats[id];
  return seats ? withSeats(state, id, change(seats, event)) : state;
}

function change(seats: Seats, event: Event): Seats {
  switch (event.kind) {
    case "guest.joined":
    case "guest.changed":
      return told(seats, event.payload.guest);
    case "guest.left":
      return without(seats, event.payload.person);
    case "delivery.failed":
      return failed(seats, event.payload.person, event.payload.why);
    default:
      return seats;
  }
}

/** How mail to a guest fares, and when they wrote last, stays as it is known: a seat does not say. */
function told(seats: Seats, seat: Seat): Seats {
  const { state, why, active_at } = seats[seat.person] ?? { state: "ok", why: "", active_at: null };
  return { ...seats, [seat.person]: { ...seat, state, why, active_at } };
}

function failed(seats: Seats, person: Id, why: string): Seats {
  const seat = seats[person];
  return seat ? { ...seats, [person]: { ...seat, state: "failing", why } } : seats;
}

/**
 * The guests as the server answered, who were asked for when `asked` was the channel's last event. What came since may
 * be in the answer or not: it is applied again, and does no more the second time. Null when not all of it is remembered:
 * then they have to be asked for once more.
 */
export function takeSeats(state: State, id: Id, guests: readonly Guest[], asked: number): State | null {
  const since = (state.rooms[id]?.recent ?? []).filter((event) => event.seq > asked);
  if (since.length < (state.cursors[channelStream(id)] ?? 0) - asked) return null;
  const answer = Object.fromEntries(guests.map((guest) => [guest.id, seatOf(guest)]));
  const people = { ...byId(guests.map(personOf)), ...state.people };
  return withSeats({ ...state, people }, id, since.reduce(change, answer));
}

function seatOf({ id, sponsor, expires_at, delivery, encrypted, state, why, active_at }: Guest): GuestSeat {
  return { person: id, sponsor, expires_at, delivery, encrypted, state, why, active_at };
}

function personOf({ id, name, email, role, handle, active }: Guest) {
  return { id, name, email, role, handle, active };
}

function withSeats(state: State, id: Id, seats: Seats): State {
  return { ...state, seats: { ...state.seats, [id]: seats } };
}
