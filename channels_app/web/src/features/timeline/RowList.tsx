/** Rows of a conversation: only those in sight are drawn, and nothing in sight jumps. */
import { useVirtualizer, type VirtualItem, type Virtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Id } from "../../api/types";
import { useLive } from "../../data/live";
import type { Part } from "../../data/room";
import { Icon } from "../../ui/Icon";
import { complain } from "../../ui/toasts";
import { walkIn } from "../message/keys";
import css from "./RowList.module.css";
import type { Row } from "./rows";
import { TimelineRow } from "./TimelineRow";

const EDGE = 900;
const NEAR = 48;
const ARRIVAL = 300;
/** In frames: so many at one place are a rest, and so many the longest way to where the reading begins. */
const RESTS = 2;
const LONGEST_WAY = 20;
/** So many new rows, and the reading begins at the first of them. */
const FEW = 8;

export interface Target {
  id: Id;
}

interface Props {
  label: string;
  place: "channel" | "thread";
  rows: readonly Row[];
  /** What stands above the first row. */
  top: ReactNode;
  /** A message to show and to point out. */
  target: Target | null;
  /** The ends beyond which there is more, and what brings it. */
  hasBefore: boolean;
  hasAfter: boolean;
  more: (end: Exclude<Part, "all">) => Promise<void>;
  /** Brings the newest rows, if those here do not reach them. */
  newest: () => Promise<unknown>;
  /** How many at the end nobody has read. */
  unread: number;
  onEnd?: (atEnd: boolean) => void;
}

export function RowList(props: Props) {
  const { rows, target, hasBefore, hasAfter, unread, onEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(target === null);
  const follows = useSettled(!hasAfter);
  const above = useHeight(top, hasBefore);

  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.first ? 72 : 34),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 8,
    paddingStart: above,
    paddingEnd: 12,
    anchorTo: "end",
    followOnAppend: follows,
    scrollEndThreshold: NEAR,
  });
  list.shouldAdjustScrollPositionOnItemSizeChange = keepsPlace;
  useKept(scroller, above);
  useMeasured(scroller, rows, list);

  // While the reading is being taken to its place, by index, no page may come in above and shift the indexes.
  const [arriving, setArriving] = useState(true);
  const [placed, place] = usePlaced(scroller);
  useStart(rows, target, (index, align) => {
    if (index < 0) list.scrollToEnd();
    else list.scrollToIndex(index, { align });
    setArriving(true);
    place();
  });
  useEffect(() => {
    if (!arriving) return;
    const timer = setTimeout(() => setArriving(false), ARRIVAL);
    return () => clearTimeout(timer);
  }, [arriving]);

  // The composer may grow, or a keyboard come up: who reads at the end goes on reading at the end.
  const stays = useRef(false);
  stays.current = atEnd && !hasAfter;
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const observer = new ResizeObserver(() => stays.current && list.scrollToEnd());
    observer.observe(box);
    return () => observer.disconnect();
  }, [list]);

  const loading = useRef(false);
  const more = useRef(props.more);
  more.current = props.more;
  const look = useCallback(() => {
    const box = scroller.current;
    if (!box) return;
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    setAtEnd(below < NEAR);
    onEnd?.(below < NEAR);
    const end = hasBefore && box.scrollTop < EDGE ? "before" : hasAfter && below < EDGE ? "after" : null;
    if (!end || loading.current || arriving) return;
    loading.current = true;
    more
      .current(end)
      .catch(complain)
      .finally(() => {
        loading.current = false;
      });
  }, [hasBefore, hasAfter, arriving, onEnd]);

  // A short first page may not fill the window: then nobody scrolls, and the next one has to be asked for all the same.
  // Nor does anybody scroll when the connection is back after a page that could not be had.
  const status = useLive((state) => state.status);
  // biome-ignore lint/correctness/useExhaustiveDependencies: looks again after every change of the rows
  useEffect(look, [look, rows.length, status]);

  async function toEnd(): Promise<void> {
    if (hasAfter) await props.newest().catch(complain);
    requestAnimationFrame(() => list.scrollToEnd());
  }

  return (
    <div className={css.frame}>
      <div
        ref={scroller}
        className={css.scroll}
        onScroll={look}
        role="log"
        aria-label={props.label}
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and its messages are walked from here
        tabIndex={0}
        onKeyDown={walkIn}
      >
        <div className={css.sizer} data-placed={placed || rows.length === 0} style={{ height: list.getTotalSize() }}>
          <div ref={top} className={css.top}>
            {props.top}
          </div>
          {list.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <div
                  key={item.key}
                  ref={list.measureElement}
                  data-index={item.index}
                  className={css.item}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <TimelineRow
                    row={row}
                    place={props.place}
                    flash={row.kind === "message" && row.message.id === target?.id}
                  />
                </div>
              )
            );
          })}
        </div>
      </div>
      {(!atEnd || hasAfter) && (
        <button type="button" className={css.jump} onClick={() => void toEnd()} data-news={unread > 0}>
          <Icon name="down" size={18} />
          {unread > 0 ? `${unread > 99 ? "99+" : unread} new` : "Newest"}
        </button>
      )}
    </div>
  );
}

/** A row above the upper edge that turns out taller or shorter than guessed must not move what one reads. */
const keepsPlace = (item: VirtualItem, _delta: number, list: Virtualizer<HTMLDivElement, Element>): boolean =>
  item.start < (list.scrollOffset ?? 0);

/** The height of an element, known before it is painted; `kind` says when something else stands in it. */
function useHeight(element: RefObject<HTMLElement | null>, kind: unknown): number {
  const [height, setHeight] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew when something else stands in it
  useLayoutEffect(() => {
    const box = element.current;
    if (!box) return;
    const measure = (): void => setHeight(box.offsetHeight);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, [element, kind]);
  return height;
}

/** What stands above the rows became taller or shorter: the rows in sight stay where they are. */
function useKept(scroller: RefObject<HTMLElement | null>, above: number): void {
  const before = useRef(above);
  useLayoutEffect(() => {
    const box = scroller.current;
    // The first time it is only measured, and the reading is still on its way to where it begins.
    if (box && before.current > 0 && box.scrollTop > 0) box.scrollTop += above - before.current;
    before.current = above;
  }, [scroller, above]);
}

/**
 * Rows that changed are measured before they are painted. The observer of the list only sees them afterwards, and for a
 * frame a row that grew would lie over the next one.
 */
function useMeasured(
  scroller: RefObject<HTMLElement | null>,
  rows: readonly Row[],
  list: Virtualizer<HTMLDivElement, Element>,
): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: after every change of the rows
  useLayoutEffect(() => {
    for (const row of scroller.current?.querySelectorAll<HTMLElement>("[data-index]") ?? [])
      list.resizeItem(Number(row.dataset.index), row.offsetHeight);
  }, [scroller, rows, list]);
}

/**
 * Whether the reading has come to where it begins. The way there takes a few frames, since it goes by the heights of
 * rows that are only then measured: until it rests, nothing is shown that would move under somebody's eyes or pointer.
 */
function usePlaced(scroller: RefObject<HTMLElement | null>): [boolean, () => void] {
  const [placed, setPlaced] = useState(false);
  const frame = useRef(0);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  function place(): void {
    let before = Number.NaN;
    let rests = 0;
    let frames = 0;
    function look(): void {
      const at = scroller.current?.scrollTop ?? 0;
      rests = at === before ? rests + 1 : 0;
      before = at;
      frames += 1;
      if (rests >= RESTS || frames >= LONGEST_WAY) setPlaced(true);
      else frame.current = requestAnimationFrame(look);
    }
    frame.current = requestAnimationFrame(look);
  }
  return [placed, place];
}

/** True once it has been true for a while: a page that closes the gap to the present must not pull us down with it. */
function useSettled(value: boolean): boolean {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), value ? 400 : 0);
    return () => clearTimeout(timer);
  }, [value]);
  return settled && value;
}

/** Where the reading begins: at the message asked for, at the first new one, or at the end. Once for each target. */
function useStart(
  rows: readonly Row[],
  target: Target | null,
  go: (index: number, align: "start" | "center") => void,
): void {
  const done = useRef<Id | null | undefined>(undefined);
  useLayoutEffect(() => {
    const wanted = target?.id ?? null;
    if (rows.length === 0 || done.current === wanted) return;
    if (target) {
      const index = rows.findIndex((row) => row.kind === "message" && row.message.id === target.id);
      if (index < 0) return;
      go(index, "center");
    } else if (done.current === undefined) {
      const first = rows.findIndex((row) => row.isNew);
      go(first >= 0 && rows.length - first > FEW ? Math.max(0, first - 1) : -1, "start");
    }
    done.current = wanted;
  });
}
