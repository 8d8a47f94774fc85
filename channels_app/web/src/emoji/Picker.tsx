/** The emoji picker. Loaded when it is first opened; its data is ours. */
import { type EmojiData, EmojiPicker } from "frimousse";
import { useState } from "react";
import { Spinner } from "../ui/Splash";
import { Found, useFound } from "./Found";
import { loadEmoji, noteEmoji } from "./index";
import css from "./Picker.module.css";

const TONES = ["light", "medium-light", "medium", "medium-dark", "dark"] as const;

async function resolve(): Promise<EmojiData> {
  const { groups, all } = await loadEmoji();
  return {
    locale: "en",
    categories: groups.map(({ index, label }) => ({ index, label: label.charAt(0).toUpperCase() + label.slice(1) })),
    skinTones: {
      light: "Light",
      "medium-light": "Medium light",
      medium: "Medium",
      "medium-dark": "Medium dark",
      dark: "Dark",
    },
    emojis: all.map(({ emoji, group, label, version, tags, names, flag, skins }) => ({
      emoji,
      category: group,
      label,
      version,
      tags: [...tags, ...names],
      ...(flag ? { countryFlag: true as const } : {}),
      ...(skins.length === TONES.length
        ? {
            skins: Object.fromEntries(TONES.map((tone, n) => [tone, skins[n] ?? emoji])) as Record<
              (typeof TONES)[number],
              string
            >,
          }
        : {}),
    })),
  };
}

const COLUMNS = 8;

export default function Picker({ onPick }: { onPick: (emoji: string) => void }) {
  const [typed, setTyped] = useState("");
  function pick(emoji: string): void {
    noteEmoji(emoji);
    onPick(emoji);
  }
  const found = useFound(typed, COLUMNS, pick);
  return (
    <EmojiPicker.Root
      className={css.picker ?? ""}
      columns={COLUMNS}
      resolveEmojiData={resolve}
      onEmojiSelect={({ emoji }) => pick(emoji)}
    >
      <EmojiPicker.Search
        className={css.search ?? ""}
        placeholder="Search emoji"
        autoFocus
        {...found.search}
        onChange={(event) => {
          // The search is ours: the picker's own keeps its groups apart, so the best match is seldom the first.
          event.preventDefault();
          setTyped(event.target.value);
        }}
      />
      {typed.trim() !== "" && <Found {...found.list} />}
      <EmojiPicker.Viewport className={css.view ?? ""} hidden={typed.trim() !== ""}>
        <EmojiPicker.Loading className={css.note ?? ""}>
          <Spinner />
        </EmojiPicker.Loading>
        <EmojiPicker.Empty className={css.note ?? ""}>No emoji found.</EmojiPicker.Empty>
        <EmojiPicker.List
          className={css.list ?? ""}
          components={{
            CategoryHeader: ({ category, ...rest }) => (
              <div className={css.group} {...rest}>
                {category.label}
              </div>
            ),
            Row: ({ children, ...rest }) => (
              <div className={css.row} {...rest}>
                {children}
              </div>
            ),
            Emoji: ({ emoji, ...rest }) => (
              <button
                type="button"
                className={css.emoji}
                data-active={emoji.isActive}
                aria-label={emoji.label}
                {...rest}
              >
                {emoji.emoji}
              </button>
            ),
          }}
        />
      </EmojiPicker.Viewport>
    </EmojiPicker.Root>
  );
}
