import { describe, expect, it } from "vitest";
import { channel, dana, event, GARDEN, guest, known, loaded, posted, seat } from "../test/cast";
import { apply, applyAll, joined, left } from "./apply";
import { takeSeats } from "./seats";
import { emptyRoom, type State } from "./state";

const open: State = { ...loaded(), rooms: { G: emptyRoom } };
const met: State = { ...open, seats: { G: { D: known() } } };
const comes = (seq: number, fields = {}) => event(GARDEN, seq, "guest.joined", { guest: seat(fields) });
const changes = (seq: number, fields = {}) => event(GARDEN, seq, "guest.changed", { guest: seat(fields) });
const goes = (seq: number) => event(GARDEN, seq, "guest.left", { person: "D" });

describe("guests by mail", () => {
  it("come, change and go with the events of their channel", () => {
    const empty: State = { ...open, seats: { G: {} } };
    expect(apply(empty, comes(4)).seats.G).toEqual({ D: known() });
    expect(apply(met, changes(4, { delivery: "daily" })).seats.G).toEqual({ D: known({ delivery: "daily" }) });
    expect(apply(met, goes(4)).seats.G).toEqual({});
  });

  it("are not known before they were asked for, nor of a channel one went out of or came into anew", () => {
    expect(apply(open, comes(4)).seats).toEqual({});
    expect(left(met, "G").seats).toEqual({});
    expect(joined(met, channel({ head: 9 })).seats).toEqual({});
    const gone = event("person:A", 6, "channel.left", { channel: "G", deleted: true });
    expect(apply(met, gone).seats).toEqual({});
  });

  it("cannot be reached once mail to them failed, whatever they shall get, until they are asked for again", () => {
    const state = applyAll(met, [
      changes(4, { delivery: "paused" }),
      event(GARDEN, 5, "delivery.failed", { person: "D", why: "550 no such user" }),
      changes(6),
    ]);
    expect(state.seats.G?.D).toEqual(known({ state: "failing", why: "550 no such user" }));
    expect(takeSeats(state, "G", [guest()], 6)?.seats.G?.D).toEqual(known());
    const other = event(GARDEN, 4, "delivery.failed", { person: "E", why: "" });
    expect(apply(met, other).seats).toEqual(met.seats);
  });
});

describe("an answer that names them", () => {
  it("is taken, with people one has not heard of", () => {
    const state = takeSeats(open, "G", [guest()], 3);
    expect(state?.seats.G).toEqual({ D: known() });
    expect(state?.people.D).toEqual(dana);
    const renamed: State = { ...open, people: { ...open.people, D: { ...dana, name: "Dana Dove" } } };
    expect(takeSeats(renamed, "G", [guest()], 3)?.people.D?.name).toBe("Dana Dove");
  });

  it("does not undo what was heard since it was asked for, whether that is in it or not", () => {
    const since = applyAll(open, [posted(4), changes(5, { delivery: "daily" })]);
    for (const delivery of ["every", "daily"] as const)
      expect(takeSeats(since, "G", [guest({ delivery })], 3)?.seats.G?.D?.delivery).toBe("daily");
    for (const guests of [[guest()], []]) expect(takeSeats(apply(open, goes(4)), "G", guests, 3)?.seats.G).toEqual({});
  });

  it("is of no use when what was heard since is not remembered", () => {
    const forgot: State = { ...applyAll(open, [posted(4), goes(5)]), rooms: {} };
    expect(takeSeats(forgot, "G", [guest()], 3)).toBeNull();
    expect(takeSeats(forgot, "G", [], 5)?.seats.G).toEqual({});
  });
});
