import { expect, it } from "vitest";
import { findEmoji, loadEmoji } from "./index";

const found = async (typed: string) => findEmoji((await loadEmoji()).all, typed, 60).map(({ emoji }) => emoji);

it("finds what is called so first, then what begins so, then what only has to do with it", async () => {
  const rockets = await found("rocket");
  expect(rockets[0]).toBe("🚀");
  expect(rockets).toContain("🧑‍🚀");
  const cats = await found("cat");
  expect(cats.slice(0, 2)).toEqual(["🐱", "🐈️"]);
  expect(cats.indexOf("😺")).toBeLessThan(cats.indexOf("🐅"));
});

it("takes words as people type them", async () => {
  expect((await found("Red Heart"))[0]).toBe("❤️");
  expect(await found(" thumbs")).toContain("👍️");
  expect(await found("no such thing")).toEqual([]);
});
