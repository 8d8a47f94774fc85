/** Completion while typing: which suggestions are open, and which of them is chosen. */
import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import type { Id } from "../../api/types";
import { othersIn, useMe } from "../../data/names";
import { store, useData } from "../../data/store";
import { type Emoji, loadEmoji } from "../../emoji";
import { type Suggestion, suggestions, type Token, tokenAt } from "./complete";

const noEmoji: readonly Emoji[] = [];

export function useCompletion(channel: Id, choose: (token: Token, insert: string) => void) {
  const me = useMe();
  const people = useData((state) => state.people);
  const channels = useData((state) => state.channels);
  const [token, setToken] = useState<Token | null>(null);
  const [emoji, setEmoji] = useState(noEmoji);
  const [at, setAt] = useState(0);
  const wantsEmoji = token?.trigger === ":";

  useEffect(() => {
    if (wantsEmoji) void loadEmoji().then(({ all }) => setEmoji(all));
  }, [wantsEmoji]);

  const found = useMemo(() => {
    if (!token) return [];
    const sources = {
      people: Object.values(people),
      channels: Object.values(channels),
      emoji,
      me,
      near: nearby(channel, me),
    };
    return suggestions(token, sources);
  }, [token, people, channels, emoji, me, channel]);

  function look(text: string, caret: number): void {
    const next = tokenAt(text, caret);
    setToken((old) => (old && next && old.from === next.from && old.typed === next.typed ? old : next));
    setAt(0);
  }

  function take(suggestion: Suggestion): void {
    if (token) choose(token, suggestion.insert);
    setToken(null);
  }

  /** Says whether the key was meant for the list. */
  function onKey(event: KeyboardEvent): boolean {
    const suggestion = found[at];
    if (!token || !suggestion) return false;
    if (event.key === "ArrowDown") setAt((at + 1) % found.length);
    else if (event.key === "ArrowUp") setAt((at - 1 + found.length) % found.length);
    else if (event.key === "Enter" || event.key === "Tab") take(suggestion);
    else if (event.key === "Escape") setToken(null);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  return { found: token ? found : [], at, setAt, take, look, onKey, close: () => setToken(null) };
}

/** The people of this conversation who spoke lately, or are in it directly. */
function nearby(id: Id, me: Id): ReadonlySet<Id> {
  const { rooms, channels } = store.getState();
  const channel = channels[id];
  const room = rooms[id];
  const spoke = (room?.line ?? []).slice(-200).map((message) => room?.byId[message]?.author ?? "");
  return new Set([...spoke, ...(channel ? othersIn(channel, me) : [])]);
}
