import { describe, expect, it } from "vitest";
import { asCode, inFence, linked, prefixed, type Typed, wrapped } from "./format";

/** A text whose selection stands between two bars. */
function typed(marked: string): Typed {
  const start = marked.indexOf("|");
  const end = marked.lastIndexOf("|");
  const text = marked.replaceAll("|", "");
  return { text, start, end: end === start ? start : end - 1 };
}
const shown = ({ text, start, end }: Typed): string =>
  start === end
    ? `${text.slice(0, start)}|${text.slice(start)}`
    : `${text.slice(0, start)}|${text.slice(start, end)}|${text.slice(end)}`;

describe("formatting by keyboard", () => {
  it("marks the selection, and takes the mark away again", () => {
    const bold = wrapped(typed("a |word| b"), "**");
    expect(shown(bold)).toBe("a **|word|** b");
    expect(shown(wrapped(bold, "**"))).toBe("a |word| b");
    expect(shown(wrapped(typed("|**word**|"), "**"))).toBe("|word|");
  });

  it("opens a mark to type into", () => {
    expect(shown(wrapped(typed("a |"), "*"))).toBe("a *|*");
  });

  it("makes inline code of a line and a fence of several", () => {
    expect(shown(asCode(typed("run |ls|")))).toBe("run `|ls|`");
    expect(shown(asCode(typed("see:|a\nb|")))).toBe("see:\n```\n|a\nb|\n```");
  });

  it("makes lists and quotes of whole lines, and back", () => {
    const list = prefixed(typed("one\n|two\nthree|"), "- ");
    expect(list.text).toBe("one\n- two\n- three");
    expect(prefixed(list, "- ").text).toBe("one\ntwo\nthree");
  });

  it("links words to type the address, and an address to type the words", () => {
    expect(shown(linked(typed("|here|")))).toBe("[here](|)");
    expect(shown(linked(typed("|https://birch.example|")))).toBe("[|](https://birch.example)");
  });

  it("knows when the caret stands in a fence", () => {
    expect(inFence("```\ncode", 8)).toBe(true);
    expect(inFence("```\ncode\n```\n", 13)).toBe(false);
  });
});
