/** What is unread above and below the stretch of the sidebar in sight: a button at each edge goes to the next of it. */
import { type RefObject, useCallback, useEffect, useState } from "react";
import { Icon } from "../../ui/Icon";
import css from "./Sidebar.module.css";

type Edge = "above" | "below";
interface Unread {
  above: number;
  below: number;
}

const none: Unread = { above: 0, below: 0 };
const EDGES: readonly Edge[] = ["above", "below"];

/** `news` changes whenever something in the list may have become read or unread. */
export function Beyond({ list, news }: { list: RefObject<HTMLElement | null>; news: unknown }) {
  const unread = useUnread(list, news);
  return EDGES.map(
    (edge) =>
      unread[edge] > 0 && (
        <button key={edge} type="button" className={css.beyond} data-edge={edge} onClick={() => show(list, edge)}>
          <Icon name={edge === "above" ? "up" : "down"} size={16} />
          {unread[edge]} unread
        </button>
      ),
  );
}

function useUnread(list: RefObject<HTMLElement | null>, news: unknown): Unread {
  const [unread, setUnread] = useState(none);
  const look = useCallback(() => {
    const found = list.current
      ? { above: beyond(list.current, "above").length, below: beyond(list.current, "below").length }
      : none;
    setUnread((known) => (known.above === found.above && known.below === found.below ? known : found));
  }, [list]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: looks again after all news
  useEffect(look, [look, news]);
  useEffect(() => {
    const box = list.current;
    if (!box) return;
    const observer = new ResizeObserver(look);
    observer.observe(box);
    box.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener("scroll", look);
    };
  }, [list, look]);
  return unread;
}

function beyond(box: HTMLElement, edge: Edge): HTMLElement[] {
  const { top, bottom } = box.getBoundingClientRect();
  return [...box.querySelectorAll<HTMLElement>("[data-unread=true]")].filter((row) => {
    const place = row.getBoundingClientRect();
    return edge === "above" ? place.bottom <= top + place.height / 2 : place.top >= bottom - place.height / 2;
  });
}

function show(list: RefObject<HTMLElement | null>, edge: Edge): void {
  if (!list.current) return;
  const rows = beyond(list.current, edge);
  (edge === "above" ? rows.at(-1) : rows[0])?.scrollIntoView({ block: "center", behavior: "smooth" });
}
