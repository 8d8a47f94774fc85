/** Makes src/emoji/data.json from emojibase-data: one short row an emoji, so nothing is fetched at run time. */
import { readFileSync, writeFileSync } from "node:fs";

interface Source {
  emoji: string;
  hexcode: string;
  group?: number;
  subgroup?: number;
  label: string;
  version: number;
  tags?: string[];
  order?: number;
  skins?: { emoji: string; tone: number | number[] }[];
}
interface Messages {
  groups: { key: string; message: string; order: number }[];
  subgroups: { key: string; order: number }[];
}

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../node_modules/emojibase-data/en/${name}`, import.meta.url), "utf8")) as T;

const emojis = read<Source[]>("data.json");
const messages = read<Messages>("messages.json");
const github = read<Record<string, string | string[]>>("shortcodes/github.json");
const emojibase = read<Record<string, string | string[]>>("shortcodes/emojibase.json");
const flags = messages.subgroups.find((group) => group.key === "country-flag")?.order;

const names = (hexcode: string): string[] => [...new Set([github[hexcode] ?? [], emojibase[hexcode] ?? []].flat())];

const rows = emojis
  .filter((one) => one.group !== undefined && one.group !== 2)
  .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
  .map((one) => [
    one.emoji,
    one.group,
    one.label,
    one.version,
    names(one.hexcode).join(" "),
    (one.tags ?? []).join("|"),
    one.subgroup === flags ? 1 : 0,
    (one.skins ?? [])
      .filter((skin) => typeof skin.tone === "number")
      .map((skin) => skin.emoji)
      .join(" "),
  ]);
const groups = messages.groups
  .filter((group) => group.key !== "component")
  .map((group) => [group.order, group.message]);

writeFileSync(new URL("../src/emoji/data.json", import.meta.url), `${JSON.stringify({ groups, rows })}\n`);
