/** The list of a completion, above the composer. */
import { useEffect, useRef } from "react";
import { Avatar } from "../../ui/Avatar";
import { Icon } from "../../ui/Icon";
import type { Suggestion } from "./complete";
import css from "./Suggestions.module.css";

interface Props {
  id: string;
  found: readonly Suggestion[];
  at: number;
  onPoint: (at: number) => void;
  onTake: (suggestion: Suggestion) => void;
}

export function Suggestions({ id, found, at, onPoint, onTake }: Props) {
  const chosen = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when another one is chosen
  useEffect(() => chosen.current?.scrollIntoView({ block: "nearest" }), [at]);
  if (found.length === 0) return null;
  return (
    <div className={css.list} role="listbox" id={id} aria-label="Suggestions">
      {found.map((suggestion, n) => (
        // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the text, which names the chosen option
        // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled where the focus is
        <div
          key={suggestion.key}
          ref={n === at ? chosen : null}
          id={`${id}-${n}`}
          role="option"
          aria-selected={n === at}
          className={css.option}
          onPointerMove={() => n !== at && onPoint(n)}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onTake(suggestion)}
        >
          {suggestion.person && <Avatar id={suggestion.person} name={suggestion.title} size={24} presence />}
          {suggestion.emoji && <span className={css.emoji}>{suggestion.emoji}</span>}
          <strong>{suggestion.title}</strong>
          <small>{suggestion.note}</small>
          {suggestion.guest && (
            <span className={css.guest}>
              <Icon name="mail" size={16} /> guest
            </span>
          )}
        </div>
      ))}
    </div>
  );
}
