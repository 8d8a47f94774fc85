/** What is true only now: the connection, who is here, who is typing. Nothing of it is kept. */
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { Id, PresenceState } from "../api/types";
import type { Status } from "./socket";
import { draftKey } from "./state";

export const TYPING_FOR = 6_000;

export interface Live {
  status: Status;
  /** When the connection was lost; null while it is there. */
  lostAt: number | null;
  presence: Readonly<Record<Id, PresenceState>>;
  /** By place (channel and thread): who types, and until when we believe it. */
  typing: Readonly<Record<string, Readonly<Record<Id, number>>>>;
}

export const live = createStore<Live>()(() => ({ status: "stopped", lostAt: null, presence: {}, typing: {} }));

export function useLive<T>(select: (state: Live) => T): T {
  return useStore(live, select);
}

export function setStatus(status: Status, now: number): void {
  live.setState(({ lostAt }) => ({ status, lostAt: status === "open" ? null : (lostAt ?? now) }));
}

export function setPresence(people: Readonly<Record<Id, PresenceState>>, all = false): void {
  live.setState(({ presence }) => ({ presence: all ? people : { ...presence, ...people } }));
}

export function noteTyping(channel: Id, thread: Id | null, person: Id, now: number): void {
  const key = draftKey(channel, thread);
  live.setState(({ typing }) => ({ typing: { ...typing, [key]: { ...typing[key], [person]: now + TYPING_FOR } } }));
}

/** Who posts has stopped typing. */
export function endTyping(channel: Id, thread: Id | null, person: Id): void {
  const key = draftKey(channel, thread);
  live.setState(({ typing }) => {
    if (!typing[key]?.[person]) return {};
    const { [person]: _gone, ...others } = typing[key];
    return { typing: { ...typing, [key]: others } };
  });
}

const nobody: Readonly<Record<Id, number>> = {};

/** The people who are typing at this place now. */
export function useTyping(channel: Id, thread: Id | null): Id[] {
  const until = useLive((state) => state.typing[draftKey(channel, thread)] ?? nobody);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    setNow(Date.now());
    const ends = Object.values(until);
    if (ends.length === 0) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    const stop = setTimeout(() => clearInterval(timer), Math.max(...ends) - Date.now() + 1_500);
    return () => {
      clearInterval(timer);
      clearTimeout(stop);
    };
  }, [until]);
  return Object.keys(until).filter((person) => (until[person] ?? 0) > now);
}
