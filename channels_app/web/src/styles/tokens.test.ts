import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const sheets = globSync("src/**/*.css").filter((name) => !name.endsWith("tokens.css"));
const COLOUR = /#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\([\d.]+/gi;
const LETTERS = /font-size: [\d.]+(?:px|rem)/g;

describe("the style sheets", () => {
  it("take colours and sizes of letters from the tokens alone", () => {
    const own = sheets.flatMap((name) => {
      const text = readFileSync(name, "utf8");
      return [...text.matchAll(COLOUR), ...text.matchAll(LETTERS)].map(([found]) => `${name}: ${found}`);
    });
    expect(sheets.length).toBeGreaterThan(20);
    // What the letters of all tokens are measured in.
    expect(own).toEqual(["src/styles/base.css: font-size: 16px"]);
  });
});
