/** Completion: what is being typed before the caret, and what could be meant. Pure. */
import type { Channel, Id, Person } from "../../api/types";
import { type Emoji, findEmoji } from "../../emoji";

export type Trigger = "@" | "#" | ":";

export interface Token {
  trigger: Trigger;
  /** What follows the trigger. */
  typed: string;
  from: number;
  to: number;
}

export interface Suggestion {
  key: string;
  insert: string;
  title: string;
  note: string;
  person?: Id;
  guest?: boolean;
  emoji?: string;
}

const TOKEN = /(?:^|[\s(["'])([@#])([\p{L}\p{N}_.-]{0,40})$|(?:^|[\s(["'])(:)([\p{L}\p{N}_+-]{2,40})$/u;

export function tokenAt(text: string, caret: number): Token | null {
  const match = TOKEN.exec(text.slice(Math.max(0, caret - 60), caret));
  if (!match) return null;
  const trigger = (match[1] ?? match[3]) as Trigger;
  const typed = match[2] ?? match[4] ?? "";
  return { trigger, typed, from: caret - typed.length - 1, to: caret };
}

export interface Sources {
  people: readonly Person[];
  channels: readonly Channel[];
  emoji: readonly Emoji[];
  me: Id;
  /** People who are likely to be meant come first. */
  near: ReadonlySet<Id>;
}

const MOST = 8;
const everybody: Suggestion[] = [
  { key: "@channel", insert: "@channel ", title: "@channel", note: "everybody in the channel" },
  { key: "@here", insert: "@here ", title: "@here", note: "everybody who is here now" },
];

export function suggestions({ trigger, typed }: Token, sources: Sources): Suggestion[] {
  if (trigger === "@") return people(typed, sources);
  if (trigger === "#") return channels(typed, sources);
  return findEmoji(sources.emoji, typed, MOST).map(({ emoji, name }) => ({
    key: emoji,
    insert: `${emoji} `,
    title: `:${name}:`,
    note: "",
    emoji,
  }));
}

function people(typed: string, { people: all, me, near }: Sources): Suggestion[] {
  const found = all
    .filter((person) => person.active !== false && person.id !== me)
    .map((person) => ({ person, rank: rankOf(typed, person.name, person.handle) }))
    .filter(({ rank }) => rank > 0)
    .sort(
      (a, b) =>
        Number(near.has(b.person.id)) - Number(near.has(a.person.id)) ||
        b.rank - a.rank ||
        a.person.name.localeCompare(b.person.name),
    )
    .slice(0, MOST)
    .map(({ person }) => ({
      key: person.id,
      insert: `@${person.handle} `,
      title: person.name,
      note: `@${person.handle}`,
      person: person.id,
      guest: person.role === "guest",
    }));
  const called = everybody.filter(({ title }) => typed !== "" && title.startsWith(`@${typed.toLowerCase()}`));
  return [...found, ...called].slice(0, MOST);
}

function channels(typed: string, { channels: all }: Sources): Suggestion[] {
  return all
    .filter((channel) => channel.kind !== "direct" && !channel.archived)
    .map((channel) => ({ channel, rank: rankOf(typed, channel.name) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank || a.channel.name.localeCompare(b.channel.name))
    .slice(0, MOST)
    .map(({ channel }) => ({
      key: channel.id,
      insert: `#${channel.name} `,
      title: `#${channel.name}`,
      note: channel.topic,
    }));
}

/** 3 a beginning, 2 the beginning of a later word, 1 anywhere inside, 0 not at all. */
export function rankOf(typed: string, ...names: string[]): number {
  const wanted = plain(typed);
  if (wanted === "") return 3;
  return Math.max(
    ...names.map((name) => {
      const full = plain(name);
      if (full.startsWith(wanted)) return 3;
      if (full.split(/[\s._-]+/).some((word) => word.startsWith(wanted))) return 2;
      return full.includes(wanted) ? 1 : 0;
    }),
  );
}

/** Lower case, without accents. */
const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
