/** What the keys do when a message has the focus. */
import type { KeyboardEvent } from "react";
import type { Id, Message } from "../../api/types";
import { openPane, startEditing } from "../../app/ui";
import { mayAct } from "../../data/may";
import { store } from "../../data/store";
import { react } from "../../data/verbs";
import { recentEmoji } from "../../emoji";
import { attempt } from "../../ui/toasts";

export function useMessageKeys(message: Message, me: Id): (event: KeyboardEvent<HTMLElement>) => void {
  return (event) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = actions(message, me, event.currentTarget)[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
}

/** On the conversation itself, ↑ goes to the last message in sight. */
export function walkIn(event: KeyboardEvent<HTMLElement>): void {
  if (event.target !== event.currentTarget || event.key !== "ArrowUp") return;
  const box = event.currentTarget.getBoundingClientRect();
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-message]")];
  const last = all.findLast((row) => row.getBoundingClientRect().top < box.bottom - 8);
  if (!last) return;
  event.preventDefault();
  last.focus({ preventScroll: true });
}

function actions(message: Message, me: Id, row: HTMLElement): Record<string, () => void> {
  const walk = (step: 1 | -1): void => {
    const all = [...(row.closest("[role=log], [role=list]")?.querySelectorAll<HTMLElement>("[data-message]") ?? [])];
    const next = all[all.indexOf(row) + step];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  };
  const [emoji = "👍"] = recentEmoji(1);
  const mine = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.people.includes(me));
  const walking = { ArrowDown: () => walk(1), ArrowUp: () => walk(-1) };
  if (message.deleted) return walking;
  const thread = { t: () => openPane({ kind: "thread", root: message.thread ?? message.id }) };
  if (!mayAct(store.getState().channels[message.channel])) return { ...walking, ...thread };
  return {
    ...walking,
    ...thread,
    r: () => attempt(react(message, emoji, !mine)),
    ...(message.author === me ? { e: () => startEditing(message.id) } : {}),
  };
}
