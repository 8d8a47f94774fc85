import { describe, expect, it } from "vitest";
import type { Pending } from "../../data/outbox";
import { message } from "../../test/cast";
import { type Input, rowsOf } from "./rows";

const known = (seq: number, fields = {}) => ({ ...message(seq, fields), asOf: seq });
const rows = (fields: Partial<Input>) =>
  rowsOf({ messages: [], pending: [], newAfter: null, me: "A", keyOf: (id) => id, ...fields });
const pending: Pending = {
  client_id: "c1",
  channel: "G",
  thread: null,
  also_to_channel: false,
  text: "soon",
  files: [],
  at: Date.parse(known(6).created_at),
  status: "sending",
  error: "",
  seen: false,
};

describe("rows of a timeline", () => {
  it("shows who speaks once while they go on", () => {
    const firsts = rows({ messages: [known(1), known(2), known(3, { author: "C" }), known(4)] }).map(
      (row) => row.first,
    );
    expect(firsts).toEqual([true, false, true, true]);
  });

  it("names who goes on by mail once more", () => {
    const messages = [known(1), known(2, { origin: "imap" }), known(3, { origin: "mail" }), known(4)];
    expect(rows({ messages }).map((row) => row.first)).toEqual([true, true, false, true]);
  });

  it("names each day once", () => {
    const tomorrow = known(2, { created_at: "2025-01-03T09:00:00.000Z" });
    const days = rows({ messages: [known(1), tomorrow] }).map((row) => row.day !== null);
    expect(days).toEqual([true, true]);
  });

  it("names no day under something of the same day", () => {
    const days = (since: string) => rows({ messages: [known(1)], since }).map((row) => row.day !== null);
    expect(days(known(0).created_at)).toEqual([false]);
    expect(days("2024-12-30T09:00:00.000Z")).toEqual([true]);
  });

  it("draws one line above the first new message of somebody else", () => {
    const messages = [known(1), known(2, { author: "A" }), known(3), known(4)];
    expect(rows({ messages, newAfter: 1 }).map((row) => row.isNew)).toEqual([false, false, true, false]);
    expect(rows({ messages }).some((row) => row.isNew)).toBe(false);
  });

  it("keeps the key of a post when it becomes a message", () => {
    const before = rows({ pending: [pending] }).map((row) => row.key);
    const after = rows({ messages: [known(6, { author: "A" })], keyOf: () => "c1" }).map((row) => row.key);
    expect(after).toEqual(before);
  });

  it("lets a pending post go on from our last message", () => {
    expect(rows({ messages: [known(5, { author: "A" })], pending: [pending] }).map((row) => row.first)).toEqual([
      true,
      false,
    ]);
  });
});
