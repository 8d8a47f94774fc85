/** Emoji: the picker's data and the names for `:completion`, one lazily loaded chunk, nothing fetched from elsewhere. */
type Source = [
  emoji: string,
  group: number,
  label: string,
  version: number,
  names: string,
  tags: string,
  flag: number,
  skins: string,
];

export interface Emoji {
  emoji: string;
  names: string[];
  group: number;
  label: string;
  version: number;
  tags: string[];
  flag: boolean;
  skins: string[];
}

export interface EmojiBook {
  groups: { index: number; label: string }[];
  all: Emoji[];
}

const words = (text: string, by: string): string[] => (text === "" ? [] : text.split(by));

let book: Promise<EmojiBook> | null = null;

export function loadEmoji(): Promise<EmojiBook> {
  book ??= import("./data.json").then(({ default: { groups, rows } }) => ({
    groups: (groups as [number, string][]).map(([index, label]) => ({ index, label })),
    all: (rows as Source[]).map(([emoji, group, label, version, names, tags, flag, skins]) => ({
      emoji,
      group,
      label,
      version,
      names: words(names, " "),
      tags: words(tags, "|"),
      flag: flag === 1,
      skins: words(skins, " "),
    })),
  }));
  return book;
}

/** The emoji whose names begin with, then those that contain, what was typed. */
export function findEmoji(all: readonly Emoji[], typed: string, most: number): { emoji: string; name: string }[] {
  const wanted = typed.toLowerCase();
  const begins: { emoji: string; name: string }[] = [];
  const contains: { emoji: string; name: string }[] = [];
  for (const { emoji, names, tags } of all) {
    const start = names.find((name) => name.startsWith(wanted));
    if (start) begins.push({ emoji, name: start });
    else if (contains.length < most && (names.some((name) => name.includes(wanted)) || tags.includes(wanted))) {
      contains.push({ emoji, name: names[0] ?? wanted });
    }
  }
  begins.sort((a, b) => Number(b.name === wanted) - Number(a.name === wanted));
  return [...begins, ...contains].slice(0, most);
}

const RECENT = "roost.emoji";
const usual = ["👍", "✅", "❤️", "😂", "🎉", "👀"];

export function recentEmoji(count: number): string[] {
  const kept = (localStorage.getItem(RECENT) ?? "").split(" ").filter(Boolean);
  return [...new Set([...kept, ...usual])].slice(0, count);
}

export function noteEmoji(emoji: string): void {
  localStorage.setItem(RECENT, [emoji, ...recentEmoji(8).filter((other) => other !== emoji)].slice(0, 8).join(" "));
}
