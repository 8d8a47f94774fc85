import { describe, expect, it } from "vitest";
import type { ContactRequest } from "../api/types";
import { at, event, loaded } from "../test/cast";
import { apply, applyAll } from "./apply";

const ME = "person:A";
const eve: ContactRequest = {
  id: "R",
  email: "eve@e.example",
  name: "Eve",
  subject: "A question",
  preview: "May I?",
  mails: 1,
  created_at: at(1),
  updated_at: at(1),
};
const comes = (seq: number, fields = {}) => event(ME, seq, "request.received", { request: { ...eve, ...fields } });

describe("requests of strangers", () => {
  it("come, and grow with their mails", () => {
    const state = applyAll(loaded(), [comes(6), comes(7, { mails: 2 })]);
    expect(state.strangers).toEqual({ R: { ...eve, mails: 2 } });
  });

  it("go when they are answered, whatever the answer", () => {
    const asked = apply(loaded(), comes(6));
    expect(apply(asked, event(ME, 7, "request.accepted", { id: "R", channel: "D" })).strangers).toEqual({});
    expect(apply(asked, event(ME, 7, "request.declined", { id: "R" })).strangers).toEqual({});
    expect(apply(asked, event(ME, 7, "request.blocked", { id: "R", email: eve.email })).strangers).toEqual({});
  });
});
