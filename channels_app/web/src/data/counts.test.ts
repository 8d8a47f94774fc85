import { describe, expect, it } from "vitest";
import type { Message } from "../api/types";
import { at, channel, deleted, event, GARDEN, loaded, message, posted, tombstone } from "../test/cast";
import { apply, applyAll } from "./apply";
import { takeCounts } from "./counts";
import { takeWindow } from "./room";
import { emptyRoom, type State } from "./state";

const counts = (state: State) => [state.channels.G?.my?.unread, state.channels.G?.my?.mentions];
const direct = () => loaded([channel({ kind: "direct", name: "", people: ["A", "B"] })]);
const open = (state: State): State => ({
  ...state,
  rooms: { G: takeWindow(emptyRoom, { items: [message(3)], has_before: false, has_after: false, head: 3 }, "all") },
});
const gone = (seq: number, of: number, fields: Partial<Message> = {}) => deleted(seq, tombstone(of, fields));
const edited = (seq: number, of: number, mentions: string[]) =>
  event(GARDEN, seq, "message.edited", {
    id: `m${of}`,
    text: "x",
    html: "x",
    mentions,
    mentions_all: null,
    edited_at: at(seq),
    before: `words ${of}`,
  });

describe("unread and mentions", () => {
  it("count what others post, not what we post", () => {
    expect(counts(applyAll(loaded(), [posted(4), posted(5, { author: "A" })]))).toEqual([1, 0]);
  });

  it("count mentions of us, of the channel and of who is here", () => {
    const state = applyAll(loaded(), [
      posted(4, { mentions: ["A"] }),
      posted(5, { mentions_all: "channel" }),
      posted(6, { mentions_all: "here" }),
      posted(7, { mentions: ["C"] }),
    ]);
    expect(counts(state)).toEqual([4, 3]);
  });

  it("count a reply in a thread only when it calls us", () => {
    expect(counts(apply(loaded(), posted(4, { thread: "m2" })))).toEqual([0, 0]);
    expect(counts(apply(loaded(), posted(4, { thread: "m2", mentions: ["A"] })))).toEqual([0, 1]);
  });

  it("count everything in a direct conversation as a mention", () => {
    expect(counts(apply(direct(), posted(4)))).toEqual([1, 1]);
    expect(counts(applyAll(direct(), [posted(4), gone(5, 4)]))).toEqual([0, 0]);
  });

  it("take a deletion off again, also when the log only has the tombstone left", () => {
    expect(counts(applyAll(open(loaded()), [posted(4, { mentions: ["A"] }), gone(5, 4)]))).toEqual([0, 0]);
    const later = event(GARDEN, 4, "message.posted", { message: tombstone(4) });
    expect(counts(applyAll(loaded(), [later, gone(5, 4)]))).toEqual([0, 0]);
  });

  it("ask again when a deletion does not say whether it called us", () => {
    const state = applyAll(loaded(), [posted(4, { mentions: ["A"] }), gone(5, 4)]);
    expect(state.stale).toEqual({ G: true });
    const fresh = channel({ head: 5 });
    const asked = takeCounts(state, fresh);
    expect(counts(asked)).toEqual([0, 0]);
    expect(asked.stale).toEqual({});
  });

  it("do not count twice what an answer has counted already", () => {
    const state = applyAll(loaded(), [posted(4, { mentions: ["A"] }), gone(5, 4)]);
    const ahead = channel({
      head: 6,
      my: { joined_at: at(0), read: 3, unread: 1, mentions: 0, role: "admin", muted: false },
    });
    expect(counts(apply(takeCounts(state, ahead), posted(6)))).toEqual([1, 0]);
  });

  it("follow edits that bring or take a mention", () => {
    const state = applyAll(open(loaded()), [posted(4), edited(5, 4, ["A"])]);
    expect(counts(state)).toEqual([1, 1]);
    expect(counts(apply(state, edited(6, 4, [])))).toEqual([1, 0]);
  });

  it("follow our read position, from whichever device", () => {
    const state = applyAll(loaded(), [posted(4), posted(5, { mentions: ["A"] })]);
    const read = event("person:A", 6, "read.moved", { channel: "G", read: 5, unread: 0, mentions: 0, head: 5 });
    expect(counts(apply(state, read))).toEqual([0, 0]);
  });

  it("do not count again what the news of our reading counted before we heard of it", () => {
    const read = event("person:A", 6, "read.moved", { channel: "G", read: 3, unread: 2, mentions: 1, head: 5 });
    const state = applyAll(apply(loaded(), read), [posted(4), posted(5, { mentions: ["A"] })]);
    expect(counts(state)).toEqual([2, 1]);
    expect(counts(apply(state, posted(6)))).toEqual([3, 1]);
  });

  it("are asked for where older news of our reading take back what we counted", () => {
    const state = applyAll(loaded(), [posted(4), posted(5)]);
    const read = event("person:A", 6, "read.moved", { channel: "G", read: 4, unread: 0, mentions: 0, head: 4 });
    expect(apply(state, read).stale).toEqual({ G: true });
  });

  it("keep a post that crossed the news of our reading", () => {
    const state = applyAll(open(loaded()), [posted(4), posted(5)]);
    const read = event("person:A", 6, "read.moved", { channel: "G", read: 4, unread: 0, mentions: 0, head: 4 });
    expect(counts(apply(state, read))).toEqual([1, 0]);
  });
});
