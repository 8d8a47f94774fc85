/** The channel one looks at is gone: deleted, closed, or left. Says so if it was not oneself, and goes elsewhere. */
import { useEffect } from "react";
import { useLocation } from "wouter";
import type { Event, Id } from "../api/types";
import { onEvent } from "../data/engine";
import { useChannelName, useMe } from "../data/names";
import { channelStream } from "../data/state";
import { store } from "../data/store";
import { tell } from "../ui/toasts";

export function useGone(channel: Id): void {
  const [, go] = useLocation();
  const me = useMe();
  const name = useChannelName(channel);
  // The listener is set once for each channel and name: when it hears of the end, the name is that of before.
  useEffect(() => {
    if (!name) return;
    return onEvent((events) => {
      const last = events.findLast((event) => ends(event, channel));
      if (!last || store.getState().channels[channel]) return;
      if (last.actor !== me) tell(wordsOf(last, name));
      go("/", { replace: true });
    });
  }, [channel, name, me, go]);
}

function ends(event: Event, channel: Id): boolean {
  if (event.kind === "channel.left") return event.payload.channel === channel;
  if (event.kind !== "channel.deleted") return false;
  return event.stream === channelStream(channel) || ("id" in event.payload && event.payload.id === channel);
}

function wordsOf(event: Event, name: string): string {
  if (event.kind === "channel.left" && !event.payload.deleted) return `You are no longer in ${name}`;
  return event.stream.startsWith("org:") ? `#${name} was deleted or made private` : `#${name} was deleted`;
}
