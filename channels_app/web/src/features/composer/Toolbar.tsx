/** The foot of the composer: files, emoji, formatting, and the button that posts. */
import type { ReactNode, RefObject } from "react";
import { noteEmoji } from "../../emoji";
import { IconButton } from "../../ui/Button";
import { EmojiButton } from "../../ui/EmojiButton";
import { Icon, type IconName } from "../../ui/Icon";
import css from "./Composer.module.css";
import { asCode, linked, prefixed, replaced, type Typed, wrapped } from "./format";
import type { Text } from "./useText";

interface Props {
  typed: Text;
  area: RefObject<HTMLTextAreaElement | null>;
  onFiles: () => void;
  onSend: () => void;
  ready: boolean;
  /** The words are not to be changed now. */
  fixed: boolean;
  children: ReactNode;
}

const tools: { icon: IconName; label: string; keys: string; act: (typed: Typed) => Typed }[] = [
  { icon: "bold", label: "Bold", keys: "Ctrl B", act: (typed) => wrapped(typed, "**") },
  { icon: "italic", label: "Italic", keys: "Ctrl I", act: (typed) => wrapped(typed, "*") },
  { icon: "code", label: "Code", keys: "Ctrl E", act: asCode },
  { icon: "link", label: "Link", keys: "Ctrl U", act: linked },
  { icon: "list", label: "List", keys: "Ctrl Shift 8", act: (typed) => prefixed(typed, "- ") },
  { icon: "quote", label: "Quote", keys: "Ctrl Shift 9", act: (typed) => prefixed(typed, "> ") },
];

export function Toolbar({ typed, area, onFiles, onSend, ready, fixed, children }: Props) {
  const isMac = navigator.platform.startsWith("Mac");
  return (
    <div className={css.tools}>
      <IconButton size="s" icon="clip" label="Attach files" onClick={onFiles} />
      <EmojiButton
        onPick={(emoji) => {
          noteEmoji(emoji);
          typed.change((now) => replaced(now.text, now.start, now.end, `${emoji} `));
        }}
        onClosed={() => area.current?.focus()}
      >
        <button
          type="button"
          className={css.emoji}
          aria-label="Insert an emoji"
          title="Insert an emoji"
          disabled={fixed}
        >
          <Icon name="smile" size={18} />
        </button>
      </EmojiButton>
      <span className={css.line} />
      <div className={css.formats} role="toolbar" aria-label="Formatting">
        {tools.map(({ icon, label, keys, act }) => (
          <IconButton
            key={icon}
            size="s"
            icon={icon}
            label={label}
            keys={isMac ? keys.replace("Ctrl", "⌘") : keys}
            disabled={fixed}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => typed.change(act)}
          />
        ))}
      </div>
      <span className={css.rest}>{children}</span>
      <button
        type="button"
        className={css.send}
        aria-label="Send"
        title="Send (Enter)"
        disabled={!ready}
        onClick={onSend}
      >
        <Icon name="send" size={18} />
      </button>
    </div>
  );
}
