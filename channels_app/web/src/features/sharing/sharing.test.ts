import { describe, expect, it } from "vitest";
import type { Channel, Person, Share } from "../../api/types";
import { mayShare, shareWords } from "./sharing";

const share: Share = {
  id: "S",
  channel: "C",
  state: "offered",
  address: "roost@beta.b.test",
  org_name: "",
  domain: "",
  name: "",
  topic: "",
  from_name: "",
  by: "A",
  at: "2026-01-01T00:00:00.000Z",
  why: "",
};
const me = (role: Person["role"]) => ({ role }) as Person;
const channel = (fields: Partial<Channel>) => ({ kind: "private", archived: false, ...fields }) as Channel;

describe("sharing", () => {
  it("is for admins, and for channels that can be shared", () => {
    expect(mayShare(channel({}), me("owner"))).toBe(true);
    expect(mayShare(channel({ kind: "public" }), me("admin"))).toBe(true);
    expect(mayShare(channel({}), me("member"))).toBe(false);
    expect(mayShare(channel({ kind: "announcement" }), me("admin"))).toBe(false);
    expect(mayShare(channel({ kind: "direct" }), me("admin"))).toBe(false);
    expect(mayShare(channel({ archived: true }), me("admin"))).toBe(false);
  });

  it("says with whom", () => {
    expect(shareWords(share)).toBe("Offered to roost@beta.b.test");
    expect(shareWords({ ...share, state: "active", org_name: "Beta" })).toBe("Shared with Beta");
  });
});
