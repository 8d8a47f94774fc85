import { describe, expect, it } from "vitest";
import { event, GARDEN, message, posted } from "../test/cast";
import { applyToRoom, takeAnswer, takeThread, takeWindow } from "./room";
import { emptyRoom, type Room } from "./state";

const page = (
  from: number,
  to: number,
  head: number,
  more: Partial<Record<"has_before" | "has_after", boolean>> = {},
) => ({
  items: Array.from({ length: to - from + 1 }, (_, n) => message(from + n)),
  has_before: false,
  has_after: false,
  head,
  ...more,
});
const seqs = (room: Room) => room.line.map((id) => room.byId[id]?.seq);

describe("windows of the timeline", () => {
  it("adds earlier and later pages at their ends, without doubles", () => {
    let room = takeWindow(emptyRoom, page(5, 6, 9, { has_before: true, has_after: true }), "all");
    room = takeWindow(room, page(3, 5, 9), "before");
    room = takeWindow(room, page(6, 9, 9), "after");
    expect(seqs(room)).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect([room.hasBefore, room.hasAfter]).toEqual([false, false]);
  });

  it("does not append what is posted while the line does not reach the present", () => {
    const room = takeWindow(emptyRoom, page(5, 6, 9, { has_after: true }), "all");
    expect(seqs(applyToRoom(room, posted(10)))).toEqual([5, 6]);
  });

  it("catches up with events that overtook the answer", () => {
    let room = applyToRoom(emptyRoom, posted(4));
    room = applyToRoom(room, event(GARDEN, 5, "reaction.added", { id: "m3", emoji: "👍", person: "B" }));
    room = takeWindow(room, page(2, 3, 3), "all");
    expect(seqs(room)).toEqual([2, 3, 4]);
    expect(room.byId.m3?.reactions).toEqual([{ emoji: "👍", people: ["B"] }]);
  });

  it("never applies again what an answer contains", () => {
    const reacted = message(3, { replies: { count: 1, last_at: null, people: ["B"] } });
    let room = takeWindow(emptyRoom, { items: [reacted], has_before: false, has_after: false, head: 4 }, "all");
    room = applyToRoom(room, posted(4, { thread: "m3" }));
    expect(room.byId.m3?.replies?.count).toBe(1);
  });

  it("puts a late event in its place", () => {
    const room = takeWindow(emptyRoom, { ...page(2, 2, 2), items: [message(2), message(5)] }, "all");
    expect(seqs(applyToRoom(room, posted(4)))).toEqual([2, 4, 5]);
  });

  it("forgets the oldest of a very long line", () => {
    let room = takeWindow(emptyRoom, page(1, 1, 1), "all");
    for (let seq = 2; seq <= 1_600; seq += 1) room = applyToRoom(room, posted(seq));
    expect(room.line.length).toBeLessThanOrEqual(1_500);
    expect(room.hasBefore).toBe(true);
    expect(room.line.at(-1)).toBe("m1600");
    expect(Object.keys(room.byId).length).toBe(room.line.length);
  });
});

describe("threads and answers", () => {
  it("loads a thread and takes in replies as they come", () => {
    let room = takeWindow(emptyRoom, page(2, 3, 3), "all");
    const items = [message(4, { thread: "m2" })];
    room = takeThread(room, { root: message(2), items, has_before: false, has_after: false, head: 4 });
    room = applyToRoom(room, posted(5, { thread: "m2" }));
    expect(room.threads.m2).toEqual(["m4", "m5"]);
    expect(room.line).toEqual(["m2", "m3"]);
  });

  it("shows our own post by its answer, once, when its event follows", () => {
    let room = takeWindow(emptyRoom, page(2, 3, 3), "all");
    room = takeAnswer(room, message(4, { author: "A" }));
    room = applyToRoom(room, posted(4, { author: "A" }));
    expect(seqs(room)).toEqual([2, 3, 4]);
  });
});
