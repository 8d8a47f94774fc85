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

export interface FoundEmoji {
  emoji: string;
  label: string;
  /** The name by which it was found, as far as it was by one. */
  name: string;
}

/** What is called so, then what begins so, has a later word that does, and what only has to do with it. */
export function findEmoji(all: readonly Emoji[], typed: string, most: number): FoundEmoji[] {
  const wanted = typed.trim().toLowerCase().replaceAll(" ", "_");
  const found: (FoundEmoji & { rank: number })[] = [];
  for (const { emoji, label, names, tags } of all) {
    const ranks = names.map((name) => rankOf(name, wanted));
    const rank = Math.max(0, ...ranks);
    const name = names[ranks.indexOf(rank)] ?? names[0] ?? label;
    if (rank > 0 || tags.some((tag) => tag.startsWith(wanted))) found.push({ emoji, label, name, rank });
  }
  return found.sort((a, b) => b.rank - a.rank).slice(0, most);
}

function rankOf(name: string, wanted: string): number {
  if (name === wanted) return 4;
  if (name.startsWith(wanted)) return 3;
  if (name.includes(`_${wanted}`)) return 2;
  return name.includes(wanted) ? 1 : 0;
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
