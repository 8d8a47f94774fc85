/** A person's tile: initials on a colour of their own, and a dot that says whether they are here. */
import type { Id } from "../api/types";
import { useLive } from "../data/live";
import css from "./Avatar.module.css";

const HUES = [162, 205, 28, 285, 340, 90, 245, 12, 185, 315];

function hueOf(id: Id): number {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + char.charCodeAt(0)) >>> 0;
  return HUES[sum % HUES.length] ?? 162;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = [...(words[0] ?? "?")][0] ?? "?";
  const last = words.length > 1 ? ([...(words.at(-1) ?? "")][0] ?? "") : "";
  return (first + last).toUpperCase();
}

interface Props {
  id: Id;
  name: string;
  size?: 20 | 24 | 32 | 36 | 48;
  presence?: boolean;
}

export function Avatar({ id, name, size = 36, presence = false }: Props) {
  const style = { "--hue": hueOf(id), "--size": `${size}px` } as React.CSSProperties;
  return (
    <span className={css.avatar} style={style} data-size={size} aria-hidden="true">
      {initials(name)}
      {presence && <PresenceDot id={id} />}
    </span>
  );
}

function PresenceDot({ id }: { id: Id }) {
  const here = useLive((live) => live.presence[id] === "active");
  return <span className={css.dot} data-here={here} />;
}
