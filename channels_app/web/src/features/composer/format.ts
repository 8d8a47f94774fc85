/** Markdown by keyboard: what a shortcut does to the text and its selection. Pure. */
export interface Typed {
  text: string;
  start: number;
  end: number;
}

/** Puts a mark around the selection, or takes it away when it is there already. */
export function wrapped({ text, start, end }: Typed, mark: string): Typed {
  const size = mark.length;
  const inside = text.slice(start, end);
  if (text.slice(start - size, start) === mark && text.slice(end, end + size) === mark) {
    return {
      text: text.slice(0, start - size) + inside + text.slice(end + size),
      start: start - size,
      end: end - size,
    };
  }
  if (inside.length >= size * 2 && inside.startsWith(mark) && inside.endsWith(mark)) {
    const bare = inside.slice(size, -size);
    return { text: text.slice(0, start) + bare + text.slice(end), start, end: start + bare.length };
  }
  return { text: text.slice(0, start) + mark + inside + mark + text.slice(end), start: start + size, end: end + size };
}

/** A code mark: inline for one line, a fence for several. */
export function asCode(typed: Typed): Typed {
  const inside = typed.text.slice(typed.start, typed.end);
  if (!inside.includes("\n")) return wrapped(typed, "`");
  const before = typed.text.slice(0, typed.start);
  const opening = `${before === "" || before.endsWith("\n") ? "" : "\n"}\`\`\`\n`;
  const text = `${before}${opening}${inside}\n\`\`\`${typed.text.slice(typed.end)}`;
  return { text, start: before.length + opening.length, end: before.length + opening.length + inside.length };
}

/** Puts a prefix before every selected line, or takes it away when all of them have it. */
export function prefixed({ text, start, end }: Typed, prefix: string): Typed {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const lines = text.slice(from, end).split("\n");
  const all = lines.every((line) => line.startsWith(prefix));
  const changed = lines.map((line) => (all ? line.slice(prefix.length) : prefix + line)).join("\n");
  const shift = all ? -prefix.length : prefix.length;
  return {
    text: text.slice(0, from) + changed + text.slice(end),
    start: Math.max(from, start + shift),
    end: from + changed.length,
  };
}

/** Replaces a stretch by other words, the caret behind them. */
export function replaced(text: string, from: number, to: number, words: string): Typed {
  const at = from + words.length;
  return { text: text.slice(0, from) + words + text.slice(to), start: at, end: at };
}

/** A link around the selection; a selected address becomes the target. */
export function linked(typed: Typed): Typed {
  const inside = typed.text.slice(typed.start, typed.end);
  const address = /^https?:\/\/\S+$/.test(inside);
  const words = address ? `[](${inside})` : `[${inside}]()`;
  const at = typed.start + (address ? 1 : words.length - 1);
  return { text: typed.text.slice(0, typed.start) + words + typed.text.slice(typed.end), start: at, end: at };
}

/** Whether the caret stands inside a fence, where Enter means a new line. */
export function inFence(text: string, caret: number): boolean {
  return (text.slice(0, caret).match(/^```/gm)?.length ?? 0) % 2 === 1;
}
