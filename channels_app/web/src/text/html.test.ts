// What cleaning does needs a real document: the browser tests look at it.
import { describe, expect, it } from "vitest";
import { isBigEmoji, linkChannels } from "./html";

describe("names of channels", () => {
  const known = new Map([["garden", "G"]]);
  const link = '<a href="/c/G" class="channel-link">#garden</a>';

  it("become links, but not in code, in links, or inside of words", () => {
    expect(linkChannels("<p>In #garden. Or (#garden)?</p>", known)).toBe(`<p>In ${link}. Or (${link})?</p>`);
    for (const html of ["<code>#garden</code>", '<a href="x">#garden</a>', "<p>a#garden #gardens #other</p>"])
      expect(linkChannels(html, known)).toBe(html);
  });

  it("stay text where text was escaped", () => {
    const html = "<p>&lt;b&gt; #garden &amp; more</p>";
    expect(linkChannels(html, known)).toBe(html.replace("#garden", link));
  });
});

describe("large emoji", () => {
  it("are a few emoji alone", () => {
    expect(isBigEmoji("🎉")).toBe(true);
    expect(isBigEmoji("👍🏽 🎉")).toBe(true);
    for (const text of ["", "42", "#1", "ok 👍", "🎉".repeat(20)]) expect(isBigEmoji(text), text).toBe(false);
  });
});
