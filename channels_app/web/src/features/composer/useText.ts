/** The text of a composer: a draft that is kept, formatted by keyboard, and told of while it grows. */
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Id } from "../../api/types";
import { useEngine } from "../../app/session";
import { draftOf, hasUnsentDraft, writeDraft } from "../../data/drafts";
import { draftKey } from "../../data/state";
import { useData } from "../../data/store";
import { asCode, inFence, linked, prefixed, type Typed, wrapped } from "./format";

const TELL_EVERY = 3_000;

export interface Text {
  text: string;
  set: (text: string) => void;
  change: (how: (typed: Typed) => Typed) => void;
  clear: () => void;
  onKey: (event: KeyboardEvent<HTMLTextAreaElement>) => boolean;
  inFence: (event: KeyboardEvent<HTMLTextAreaElement>) => boolean;
}

export function useText(channel: Id, thread: Id | null, area: RefObject<HTMLTextAreaElement | null>): Text {
  const engine = useEngine();
  const [text, setText] = useState(() => draftOf(channel, thread));
  const caret = useRef<{ start: number; end: number } | null>(null);
  const told = useRef(0);
  const theirs = useData((state) => state.drafts[draftKey(channel, thread)]?.text ?? "");

  // A draft that was changed on another device shows here, unless somebody types here.
  useEffect(() => {
    if (!hasUnsentDraft(channel, thread) && document.activeElement !== area.current) setText(theirs);
  }, [theirs, channel, thread, area]);

  useLayoutEffect(() => {
    if (!caret.current) return;
    area.current?.focus();
    area.current?.setSelectionRange(caret.current.start, caret.current.end);
    caret.current = null;
  });

  function set(next: string): void {
    setText(next);
    writeDraft(channel, thread, next);
    const now = Date.now();
    if (next === "" || now - told.current < TELL_EVERY) return;
    told.current = now;
    engine.typing(channel, thread);
  }

  function change(how: (typed: Typed) => Typed): void {
    const box = area.current;
    const next = how({ text, start: box?.selectionStart ?? text.length, end: box?.selectionEnd ?? text.length });
    caret.current = { start: next.start, end: next.end };
    set(next.text);
  }

  const shortcuts: Record<string, (typed: Typed) => Typed> = {
    b: (typed) => wrapped(typed, "**"),
    i: (typed) => wrapped(typed, "*"),
    e: asCode,
    u: linked,
    "shift+x": (typed) => wrapped(typed, "~~"),
    "shift+c": asCode,
    "shift+8": (typed) => prefixed(typed, "- "),
    "shift+*": (typed) => prefixed(typed, "- "),
    "shift+9": (typed) => prefixed(typed, "> "),
    "shift+(": (typed) => prefixed(typed, "> "),
  };

  function onKey(event: KeyboardEvent<HTMLTextAreaElement>): boolean {
    if (!event.ctrlKey && !event.metaKey) return false;
    const shortcut = shortcuts[`${event.shiftKey ? "shift+" : ""}${event.key.toLowerCase()}`];
    if (!shortcut || event.altKey) return false;
    event.preventDefault();
    change(shortcut);
    return true;
  }

  return {
    text,
    set,
    change,
    onKey,
    inFence: (event) => inFence(text, event.currentTarget.selectionStart),
    clear: () => {
      // The server takes one notice a second: the next one is not to be the one it drops.
      told.current = Date.now() - TELL_EVERY + 1_000;
      set("");
    },
  };
}
