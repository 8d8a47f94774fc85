import { describe, expect, it } from "vitest";
import { alice, bob, carol, channel, dana } from "../../test/cast";
import { rankOf, type Sources, suggestions, tokenAt } from "./complete";

const sources: Sources = {
  people: [
    alice,
    bob,
    carol,
    { ...bob, id: "Z", name: "Zoë Bobrow", handle: "zoe" },
    { ...bob, id: "X", active: false },
  ],
  channels: [channel(), channel({ id: "P", name: "garden-plans" }), channel({ id: "D", kind: "direct", name: "" })],
  emoji: [],
  me: "A",
  near: new Set(["C"]),
};
const at = (text: string) => tokenAt(text, text.length);
const titles = (text: string) => {
  const token = at(text);
  return token ? suggestions(token, sources).map((one) => one.title) : null;
};

describe("what is being completed", () => {
  it("begins at the start or after a space or a bracket", () => {
    expect(at("@bo")).toEqual({ trigger: "@", typed: "bo", from: 0, to: 3 });
    expect(at("hello (#gar")).toEqual({ trigger: "#", typed: "gar", from: 7, to: 11 });
    expect(at("see :smi")).toMatchObject({ trigger: ":", typed: "smi" });
  });

  it("is not an address, a time, or a word with a colon", () => {
    for (const text of ["me@home", "at 10:30", "so:", ":-", "a#b", "done "]) expect(at(text), text).toBeNull();
  });
});

describe("suggestions", () => {
  it("find people by name, later name, handle and without accents; nobody who left, not oneself", () => {
    expect(titles("@bob")).toEqual(["Bob", "Zoë Bobrow"]);
    expect(titles("@zoe")).toEqual(["Zoë Bobrow"]);
    expect(titles("@alice")).toEqual([]);
  });

  it("put who is near first, and insert the handle", () => {
    expect(titles("@")?.[0]).toBe("Carol");
    const token = at("hi @car");
    expect(token && suggestions(token, sources)[0]?.insert).toBe("@carol ");
  });

  it("say who is a guest", () => {
    const token = at("@");
    const found = token ? suggestions(token, { ...sources, people: [carol, dana] }) : [];
    expect(found.map(({ title, guest }) => [title, guest])).toEqual([
      ["Carol", false],
      ["Dana", true],
    ]);
  });

  it("offer @channel and @here when they are typed", () => {
    expect(titles("@ch")).toContain("@channel");
    expect(titles("@he")).toContain("@here");
  });

  it("find channels, not conversations", () => {
    expect(titles("#gar")).toEqual(["#garden", "#garden-plans"]);
  });

  it("rank beginnings before later words before the inside", () => {
    expect([rankOf("pl", "plans"), rankOf("pl", "garden-plans"), rankOf("la", "plans"), rankOf("x", "plans")]).toEqual([
      3, 2, 1, 0,
    ]);
  });
});
