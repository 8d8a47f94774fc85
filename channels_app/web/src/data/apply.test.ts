import { describe, expect, it } from "vitest";
import { at, bob, carol, channel, deleted, event, GARDEN, loaded, message, posted, tombstone } from "../test/cast";
import { apply, applyAll, joined, withOthers } from "./apply";
import { takeCounts } from "./counts";
import { takeWindow } from "./room";
import { emptyRoom, type State } from "./state";

const open = (state: State): State => ({
  ...state,
  rooms: {
    G: takeWindow(emptyRoom, { items: [message(2), message(3)], has_before: false, has_after: false, head: 3 }, "all"),
  },
});
const line = (state: State) => state.rooms.G?.line;

describe("cursors", () => {
  it("applies the next event and moves the cursor", () => {
    const state = apply(open(loaded()), posted(4));
    expect(line(state)).toEqual(["m2", "m3", "m4"]);
    expect(state.cursors[GARDEN]).toBe(4);
    expect(state.channels.G?.head).toBe(4);
  });

  it("changes nothing for an event it has seen", () => {
    const state = apply(open(loaded()), posted(4));
    expect(apply(state, posted(4))).toBe(state);
    expect(apply(state, posted(2))).toBe(state);
  });

  it("holds back what is ahead, notes the gap, and closes it when the missing events come", () => {
    const ahead = apply(open(loaded()), posted(6));
    expect(line(ahead)).toEqual(["m2", "m3"]);
    expect(ahead.gaps).toEqual({ [GARDEN]: 6 });
    const whole = applyAll(ahead, [posted(4), posted(5), posted(6)]);
    expect(line(whole)).toEqual(["m2", "m3", "m4", "m5", "m6"]);
    expect(whole.gaps).toEqual({});
  });

  it("ends the same whichever way the events come twice or in pieces", () => {
    const events = [posted(4), posted(5), event(GARDEN, 6, "reaction.added", { id: "m5", emoji: "👍", person: "C" })];
    const once = applyAll(open(loaded()), events);
    const pieces = applyAll(open(loaded()), [...events.slice(0, 2), ...events, ...events]);
    expect(pieces).toEqual(once);
  });
});

describe("messages", () => {
  it("edits, without what the event says of before", () => {
    const edited = event(GARDEN, 4, "message.edited", {
      id: "m3",
      text: "new",
      html: "<p>new</p>",
      mentions: [],
      mentions_all: null,
      edited_at: at(4),
      before: "words 3",
    });
    const known = apply(open(loaded()), edited).rooms.G?.byId.m3;
    expect(known).toEqual({ ...message(3), text: "new", html: "<p>new</p>", edited_at: at(4), asOf: 4 });
  });

  it("keeps a deleted message's place", () => {
    const state = apply(open(loaded()), deleted(4, tombstone(3)));
    expect(line(state)).toEqual(["m2", "m3"]);
    expect(state.rooms.G?.byId.m3).toMatchObject({ deleted: true, text: "", html: "", files: [], reactions: [] });
  });

  it("forgets that a deleted message was saved", () => {
    const saved = { ...open(loaded()), saved: { m3: true as const } };
    expect(apply(saved, deleted(4, tombstone(3))).saved).toEqual({});
  });

  it("adds and removes reactions in the order they came", () => {
    const react = (seq: number, person: string, on = true) =>
      event(GARDEN, seq, on ? "reaction.added" : "reaction.removed", { id: "m3", emoji: "🌱", person });
    const two = applyAll(open(loaded()), [react(4, "B"), react(5, "A")]);
    expect(two.rooms.G?.byId.m3?.reactions).toEqual([{ emoji: "🌱", people: ["B", "A"] }]);
    const none = applyAll(two, [react(6, "B", false), react(7, "A", false)]);
    expect(none.rooms.G?.byId.m3?.reactions).toEqual([]);
  });

  it("pins and unpins", () => {
    const pinned = apply(open(loaded()), event(GARDEN, 4, "message.pinned", { id: "m3", by: "B", at: at(4) }));
    expect(pinned.rooms.G?.byId.m3?.pinned).toEqual({ by: "B", at: at(4) });
    const off = apply(pinned, event(GARDEN, 5, "message.unpinned", { id: "m3" }));
    expect(off.rooms.G?.byId.m3?.pinned).toBeNull();
  });

  it("counts replies at their root, and shows in the line only those that were also sent there", () => {
    const state = applyAll(open(loaded()), [
      posted(4, { thread: "m2", author: "B" }),
      posted(5, { thread: "m2", author: "C", also_to_channel: true }),
    ]);
    expect(line(state)).toEqual(["m2", "m3", "m5"]);
    expect(state.rooms.G?.byId.m2?.replies).toEqual({ count: 2, last_at: at(5), people: ["C", "B"] });
    const fewer = apply(state, deleted(6, tombstone(4, { thread: "m2" })));
    expect(fewer.rooms.G?.byId.m2?.replies?.count).toBe(1);
  });
});

describe("channels and people", () => {
  it("joins from our own stream and follows the channel from its head", () => {
    const news = channel({ id: "N", name: "news", head: 9 });
    const state = apply(loaded(), event("person:A", 6, "channel.joined", { channel: news }));
    expect(state.channels.N).toEqual(news);
    expect(state.cursors["channel:N"]).toBe(9);
  });

  it("asks once more for the size of a channel it was just let into", () => {
    const news = channel({ id: "N", head: 0, members: 2 });
    const state = applyAll(loaded(), [
      event("person:A", 6, "channel.joined", { channel: news }),
      event("channel:N", 1, "channel.created", { channel: news }),
      event("channel:N", 2, "member.joined", { person: bob, channel_role: "admin", by: "B" }),
    ]);
    expect(state.stale).toEqual({ N: true });
    expect(takeCounts(state, { ...news, head: 3, members: 2 }).channels.N?.members).toBe(2);
  });

  it("is in a channel that it looked into before", () => {
    const looked = { ...loaded([channel({ my: null })]), cursors: { [GARDEN]: 9, "person:A": 5 } };
    expect(joined(looked, channel({ head: 8 })).channels.G?.my).toEqual(channel().my);
  });

  it("fetches what a new channel's stream said before we knew that we are in it", () => {
    const early = apply(loaded(), event("channel:N", 10, "message.posted", { message: message(10, { channel: "N" }) }));
    expect(early.gaps).toEqual({ "channel:N": 10 });
    expect(joined(early, channel({ id: "N", head: 9 })).gaps).toEqual({ "channel:N": 10 });
    expect(joined(early, channel({ id: "N", head: 10 })).gaps).toEqual({});
  });

  it("leaves: an open channel stays known, a private one is forgotten", () => {
    const left = event("person:A", 6, "channel.left", { channel: "G", deleted: false });
    const open_ = apply(loaded(), left);
    expect(open_.channels.G?.my).toBeNull();
    expect(open_.cursors[GARDEN]).toBeUndefined();
    expect(apply(loaded([channel({ kind: "private" })]), left).channels.G).toBeUndefined();
  });

  it("takes in channels one is not in beside those one is in, and knows better what it knows", () => {
    const other = channel({ id: "N", name: "orchard", my: null });
    const state = withOthers(loaded(), [other, channel({ name: "old", my: null })]);
    expect(state.channels).toEqual({ ...loaded().channels, N: other });
    expect(state.cursors).toEqual(loaded().cursors);
  });

  it("forgets a channel that was deleted, an open one too", () => {
    const gone = event("person:A", 6, "channel.left", { channel: "G", deleted: true });
    const { channels, rooms, stale } = apply({ ...open(loaded()), stale: { G: true } }, gone);
    expect({ channels, rooms, stale }).toEqual({ channels: {}, rooms: {}, stale: {} });
  });

  it("keeps a channel that closes for the others while we are in it", () => {
    const gone = event("org:O", 8, "channel.deleted", { id: "G" });
    expect(apply(loaded(), gone).channels.G).toBeDefined();
    expect(apply(loaded([channel({ my: null })]), gone).channels.G).toBeUndefined();
  });

  it("renames, archives and counts members", () => {
    const state = applyAll(loaded(), [
      event(GARDEN, 4, "channel.changed", { name: "greenhouse", topic: "Glass", kind: "public" }),
      event(GARDEN, 5, "channel.archived", { archived: true }),
      event(GARDEN, 6, "member.joined", { person: carol, channel_role: "member", by: "A" }),
      event(GARDEN, 7, "member.left", { person: "B", by: "A" }),
    ]);
    expect(state.channels.G).toMatchObject({ name: "greenhouse", topic: "Glass", archived: true, members: 2, head: 7 });
  });

  it("learns of people from the organization", () => {
    const dana = { ...bob, id: "D", name: "Dana", handle: "dana" };
    const state = applyAll(loaded(), [
      event("org:O", 8, "member.joined", { person: dana }),
      event("org:O", 9, "member.left", { person: "B" }),
    ]);
    expect(state.people.D).toMatchObject({ name: "Dana", active: true });
    expect(state.people.B?.active).toBe(false);
  });

  it("keeps drafts and settings of our other devices", () => {
    const draft = { channel: "G", thread: "" as const, text: "half", updated_at: at(6) };
    const state = apply(loaded(), event("person:A", 6, "draft.changed", draft));
    expect(state.drafts["G/"]).toEqual(draft);
    expect(apply(state, event("person:A", 7, "draft.changed", { ...draft, text: "" })).drafts).toEqual({});
  });
});
