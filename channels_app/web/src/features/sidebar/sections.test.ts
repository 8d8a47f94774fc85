import { expect, it } from "vitest";
import { channel, loaded } from "../../test/cast";
import { mayJoin } from "./sections";

it("knows whether there is a channel to join", () => {
  const joinable = (fields: Parameters<typeof channel>[0]) => mayJoin(loaded([channel({ my: null, ...fields })]));
  expect(joinable({})).toBe(true);
  expect(joinable({ kind: "announcement" })).toBe(true);
  expect(joinable({ archived: true })).toBe(false);
  expect(joinable({ kind: "direct" })).toBe(false);
  expect(mayJoin(loaded([channel()]))).toBe(false);
});
