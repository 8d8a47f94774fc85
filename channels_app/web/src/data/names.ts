/** How people and channels are called on the page. */
import type { Channel, Id, Person } from "../api/types";
import type { State } from "./state";
import { useData } from "./store";

export function personName(people: State["people"], id: Id, fallback = "Someone"): string {
  return people[id]?.name || fallback;
}

/** The others in a direct conversation; ourselves when there is nobody else. */
export function othersIn(channel: Channel, me: Id): Id[] {
  const others = channel.people.filter((id) => id !== me);
  return others.length > 0 ? others : [me];
}

export function channelName(channel: Channel, people: State["people"], me: Id): string {
  if (channel.kind !== "direct") return channel.name;
  const others = othersIn(channel, me);
  if (others[0] === me) return `${personName(people, me)} (you)`;
  return others.map((id) => personName(people, id)).join(", ");
}

let named: { channels: State["channels"]; ids: ReadonlyMap<string, Id> } = { channels: {}, ids: new Map() };

/** The channels by name; the same map as long as the names are the same, whatever else happens in them. */
export function channelIds({ channels }: State): ReadonlyMap<string, Id> {
  if (named.channels === channels) return named.ids;
  const all = Object.values(channels).filter(({ kind }) => kind !== "direct");
  const same = all.length === named.ids.size && all.every(({ id, name }) => named.ids.get(name) === id);
  named = { channels, ids: same ? named.ids : new Map(all.map(({ id, name }) => [name, id])) };
  return named.ids;
}

export function useChannelName(id: Id): string {
  return useData(({ channels, people, me }) => {
    const channel = channels[id];
    return channel ? channelName(channel, people, me?.id ?? "") : "";
  });
}

export function usePerson(id: Id): Person | undefined {
  return useData((state) => state.people[id]);
}

export function useMe(): Id {
  return useData((state) => state.me?.id ?? "");
}

export function listNames(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? "";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
