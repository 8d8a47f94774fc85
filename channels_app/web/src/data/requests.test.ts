import { describe, expect, it } from "vitest";
import type { GuestRequest } from "../api/types";
import { channel, event, loaded, org } from "../test/cast";
import { apply, left } from "./apply";
import type { State } from "./state";

const ME = "person:A";
const asked = (fields: Partial<GuestRequest> = {}): GuestRequest => ({
  id: "r1",
  channel: "G",
  maker: "B",
  name: "Gus",
  email: "gus@mail.example",
  asked_at: "2025-01-01T09:00:00Z",
  ...fields,
});
const waiting = (): State => apply(loaded(), event(ME, 6, "guest.asked", { request: asked() }));
const as = (state: State, role: "admin" | "member"): State => ({ ...state, me: state.me && { ...state.me, role } });

describe("who asks to be a guest", () => {
  it("waits until somebody answers", () => {
    expect(Object.keys(waiting().requests)).toEqual(["r1"]);
    const answered = event(ME, 7, "guest.answered", { id: "r1", channel: "G", accepted: true });
    expect(apply(waiting(), answered).requests).toEqual({});
  });

  it("is there when the page loads", () => {
    const state = { ...loaded(), requests: { r1: asked() } };
    expect(apply(state, event(ME, 6, "guest.asked", { request: asked({ id: "r2" }) })).requests).toEqual({
      r1: asked(),
      r2: asked({ id: "r2" }),
    });
  });

  it("is for others to answer once one is out, but for admins, who see the channel still", () => {
    expect(left(as(waiting(), "member"), "G").requests).toEqual({});
    expect(Object.keys(left(as(waiting(), "admin"), "G").requests)).toEqual(["r1"]);
  });

  it("goes with a channel that is closed to us", () => {
    const state = { ...waiting(), channels: { G: channel({ kind: "private" }) } };
    expect(left(as(state, "admin"), "G").requests).toEqual({});
  });
});

it("knows who may invite as soon as that is said", () => {
  const told = event("org:O", 8, "org.changed", { org: { ...org, guest_invites: "admins" } });
  expect(apply(loaded(), told).org?.guest_invites).toBe("admins");
});
