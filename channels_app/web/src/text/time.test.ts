import { describe, expect, it } from "vitest";
import { dayOf, endOfDay } from "./time";

describe("days", () => {
  it("end with their last moment, which is still that day", () => {
    const end = endOfDay("2027-05-02");
    expect(end).toMatch(/^2027-05-0[1-3]T\d\d:59:59\.999Z$/);
    expect(dayOf(end)).toBe("2027-05-02");
    expect(dayOf(Date.parse(end) + 1)).toBe("2027-05-03");
  });
});
