import { expect, it } from "vitest";
import { ApiError } from "../../api/http";
import { placed } from "./placed";

const refused = (message: string, fields: Record<string, string>) =>
  placed(new ApiError(422, { code: "invalid", message, fields }), ["name", "password"]);

it("says at its field what is wrong there, in words and not by its code", () => {
  const short = "This password is too short.";
  expect(refused(short, { password: "weak" })).toEqual({ at: { password: short }, rest: "" });
  const names = "A channel name has letters, digits, hyphen, underscore and dot only.";
  for (const code of ["characters", "too long", "a code of later"])
    expect(refused(names, { name: code })).toEqual({ at: { name: names }, rest: "" });
});

it("says of several what is wrong with each", () => {
  const fields = { name: "Field required", password: "String should have at most 1000 characters" };
  expect(refused("Some fields are wrong.", fields)).toEqual({ at: fields, rest: "" });
});

it("leaves to be said elsewhere what is about nothing here", () => {
  expect(refused("This link is too old.", {})).toEqual({ at: {}, rest: "This link is too old." });
  expect(refused("The kind is unknown.", { kind: "unknown" })).toEqual({ at: {}, rest: "The kind is unknown." });
  expect(refused("Not these.", { name: "bad", password: "bad" })).toEqual({ at: {}, rest: "Not these." });
  expect(placed(new TypeError("No."), ["name"])).toEqual({ at: {}, rest: "No." });
});
