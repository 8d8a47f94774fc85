/** Where a held mail was going, in words; a conversation that one is not in has no name here. */
import type { Held } from "../../api/types";
import { channelName } from "../../data/names";
import type { State } from "../../data/state";

export function placeOf({ channel, person }: Held, { channels, people, me }: State): string {
  if (person) return people[person]?.name ?? "a former member";
  const known = channels[channel ?? ""];
  if (!known) return "a conversation you are not in";
  return known.kind === "direct" ? channelName(known, people, me?.id ?? "") : `#${known.name}`;
}
