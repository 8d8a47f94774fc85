/** The order of the sidebar: channels by name, direct conversations by their people. */
import type { Channel } from "../../api/types";
import { channelName } from "../../data/names";
import type { State } from "../../data/state";

const byName = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

export interface Sections {
  channels: Channel[];
  directs: Channel[];
}

/** Whether there are channels that one could join. */
export function mayJoin({ channels }: State): boolean {
  return Object.values(channels).some(({ kind, my, archived }) => kind !== "direct" && !my && !archived);
}

let before: { channels: State["channels"]; people: State["people"]; sections: Sections } | null = null;

export function sections({ channels, people, me }: State): Sections {
  if (before && before.channels === channels && before.people === people) return before.sections;
  const mine = Object.values(channels).filter((channel) => channel.my && !channel.archived);
  const named = mine.filter((channel) => channel.kind !== "direct");
  const directs = mine.filter((channel) => channel.kind === "direct");
  const names = new Map(directs.map((channel) => [channel.id, channelName(channel, people, me?.id ?? "")]));
  const result = {
    channels: named.sort((a, b) => byName.compare(a.name, b.name)),
    directs: directs.sort((a, b) => byName.compare(names.get(a.id) ?? "", names.get(b.id) ?? "")),
  };
  before = { channels, people, sections: result };
  return result;
}
