import { describe, expect, it } from "vitest";
import type { Role } from "../../api/types";
import { bob, carol, channel, org, seat } from "../../test/cast";
import { domainOf, looksAfter, mayInvite, maySeeGuests } from "./guests";

const as = (role: Role) => ({ ...bob, role });
const inside = channel({ my: { joined_at: "", read: 0, unread: 0, mentions: 0, role: "member", muted: false } });
const outside = channel({ my: null });

describe("who may what with guests by mail", () => {
  it("lets members see them, and guests not", () => {
    expect(maySeeGuests(outside, as("member"))).toBe(true);
    expect(maySeeGuests(inside, as("guest"))).toBe(false);
    expect(maySeeGuests(channel({ kind: "direct" }), as("owner"))).toBe(false);
  });

  it("lets members of the channel invite, and admins from outside too", () => {
    expect(mayInvite(inside, as("member"), org)).toBe(true);
    expect(mayInvite(outside, as("member"), org)).toBe(false);
    expect(mayInvite(outside, as("admin"), org)).toBe(true);
    expect(mayInvite(inside, as("guest"), org)).toBe(false);
    expect(mayInvite(channel({ archived: true }), as("owner"), org)).toBe(false);
  });

  it("leaves inviting to admins where the organization wants that", () => {
    const strict = { ...org, guest_invites: "admins" } as const;
    expect(mayInvite(inside, as("member"), strict)).toBe(false);
    expect(mayInvite(inside, as("admin"), strict)).toBe(true);
  });

  it("lets the sponsor and admins look after a guest, not just any member", () => {
    expect(looksAfter(inside, bob, seat())).toBe(true);
    expect(looksAfter(inside, carol, seat())).toBe(false);
    expect(looksAfter(channel(), carol, seat())).toBe(true);
    expect(looksAfter(outside, bob, seat())).toBe(false);
    expect(looksAfter(outside, as("admin"), seat({ sponsor: null }))).toBe(true);
    expect(looksAfter(inside, as("guest"), seat())).toBe(false);
  });
});

it("takes the last part of an address for its domain", () => {
  expect(domainOf('"a@b"@mail.example')).toBe("mail.example");
});
