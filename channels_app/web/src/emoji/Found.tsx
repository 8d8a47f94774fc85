/** What the search of the emoji picker finds, the best first: Enter takes it, the arrows go to the others. */
import { type ComponentProps, type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { type Emoji, type FoundEmoji, findEmoji, loadEmoji } from "./index";
import css from "./Picker.module.css";

const MOST = 96;
const none: readonly Emoji[] = [];

interface Props {
  id: string;
  found: readonly FoundEmoji[];
  at: number;
  onPoint: (at: number) => void;
  onPick: (emoji: string) => void;
}

interface Search {
  search: ComponentProps<"input">;
  list: Props;
}

export function useFound(typed: string, columns: number, onPick: (emoji: string) => void): Search {
  const id = useId();
  const [all, setAll] = useState(none);
  const [at, setAt] = useState(0);
  useEffect(() => void loadEmoji().then((book) => setAll(book.all)), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other words, another choice
  useEffect(() => setAt(0), [typed]);
  const found = useMemo(() => (typed.trim() === "" ? [] : findEmoji(all, typed, MOST)), [all, typed]);

  /** Before the picker hears of them: its own list is not the one in sight. */
  function onKeyDownCapture(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const step = steps[event.key];
    if (typed.trim() === "" || event.nativeEvent.isComposing || (step === undefined && event.key !== "Enter")) return;
    event.preventDefault();
    const chosen = found[at];
    if (step !== undefined) setAt(Math.min(Math.max(at + step, 0), Math.max(found.length - 1, 0)));
    else if (chosen) onPick(chosen.emoji);
  }

  const search = {
    onKeyDownCapture,
    "aria-controls": id,
    "aria-activedescendant": found.length > 0 ? `${id}-${at}` : undefined,
  };
  return { search, list: { id, found, at, onPoint: setAt, onPick } };
}

export function Found({ id, found, at, onPoint, onPick }: Props) {
  const chosen = useRef<HTMLButtonElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when another one is chosen
  useEffect(() => chosen.current?.scrollIntoView({ block: "nearest" }), [at]);
  return (
    <div className={css.found} role="listbox" id={id} aria-label="Emoji found">
      {found.length === 0 && <p className={css.note}>No emoji found.</p>}
      {found.map(({ emoji, label }, n) => (
        <button
          key={emoji}
          ref={n === at ? chosen : null}
          id={`${id}-${n}`}
          type="button"
          role="option"
          tabIndex={-1}
          className={css.emoji}
          data-active={n === at}
          aria-selected={n === at}
          aria-label={label}
          onPointerMove={() => n !== at && onPoint(n)}
          onClick={() => onPick(emoji)}
        >
          {emoji}
        </button>
      ))}
    </div>
  );
}
