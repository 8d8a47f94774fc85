// What cleaning does needs a real document: the browser tests look at it.
import { describe, expect, it } from "vitest";
import { isBigEmoji } from "./html";

describe("large emoji", () => {
  it("are a few emoji alone", () => {
    expect(isBigEmoji("🎉")).toBe(true);
    expect(isBigEmoji("👍🏽 🎉")).toBe(true);
    for (const text of ["", "42", "#1", "ok 👍", "🎉".repeat(20)]) expect(isBigEmoji(text), text).toBe(false);
  });
});
