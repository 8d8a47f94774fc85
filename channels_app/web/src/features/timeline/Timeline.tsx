/** The conversation of a channel: only the rows in sight are drawn, and nothing in sight jumps. */
import { useVirtualizer, type VirtualItem, type Virtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Id } from "../../api/types";
import { useLive } from "../../data/live";
import { markRead } from "../../data/reading";
import { useData } from "../../data/store";
import { more, openRoom } from "../../data/verbs";
import { Icon } from "../../ui/Icon";
import { Spinner } from "../../ui/Splash";
import { complain } from "../../ui/toasts";
import { Intro } from "../channel/Intro";
import { walkIn } from "../message/keys";
import css from "./Timeline.module.css";
import { TimelineRow } from "./TimelineRow";
import { useLooking, useNewLine, useRows } from "./useTimeline";

const EDGE = 900;
const NEAR = 48;
const ARRIVAL = 300;

interface Props {
  channel: Id;
  /** A message to show and to point out. */
  target: { id: Id; seq: number } | null;
}

export function Timeline({ channel, target }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(target === null);
  const looking = useLooking();
  const hasBefore = useData((state) => state.rooms[channel]?.hasBefore ?? false);
  const hasAfter = useData((state) => state.rooms[channel]?.hasAfter ?? false);
  const unread = useData((state) => state.channels[channel]?.my?.unread ?? 0);
  const reading = looking && atEnd && !hasAfter;
  const [newAfter] = useNewLine(channel, reading);
  const rows = useRows(channel, newAfter);
  const follows = useSettled(!hasAfter);
  const [intro, introBox] = useHeight(170);

  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.first ? 72 : 34),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 8,
    paddingStart: hasBefore ? 56 : intro,
    paddingEnd: 12,
    anchorTo: "end",
    followOnAppend: follows,
    scrollEndThreshold: NEAR,
  });
  list.shouldAdjustScrollPositionOnItemSizeChange = keepsPlace;

  // While the reading is being taken to its place, by index, no page may come in above and shift the indexes.
  const [arriving, setArriving] = useState(true);
  useStart(rows, target, newAfter, (index, align) => {
    if (index < 0) list.scrollToEnd();
    else list.scrollToIndex(index, { align });
    setArriving(true);
  });
  useEffect(() => {
    if (!arriving) return;
    const timer = setTimeout(() => setArriving(false), ARRIVAL);
    return () => clearTimeout(timer);
  }, [arriving]);
  useEffect(() => {
    if (reading && unread > 0) markRead(channel);
  }, [reading, unread, channel]);

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
  const look = useCallback(() => {
    const box = scroller.current;
    if (!box) return;
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    setAtEnd(below < NEAR);
    const part = hasBefore && box.scrollTop < EDGE ? "before" : hasAfter && below < EDGE ? "after" : null;
    if (!part || loading.current || arriving) return;
    loading.current = true;
    more(channel, part)
      .catch(complain)
      .finally(() => {
        loading.current = false;
      });
  }, [channel, hasBefore, hasAfter, arriving]);

  // A short first page may not fill the window: then nobody scrolls, and the next one has to be asked for all the same.
  // Nor does anybody scroll when the connection is back after a page that could not be had.
  const status = useLive((state) => state.status);
  // biome-ignore lint/correctness/useExhaustiveDependencies: looks again after every change of the rows
  useEffect(look, [look, rows.length, status]);

  async function toEnd(): Promise<void> {
    if (hasAfter) await openRoom(channel).catch(complain);
    requestAnimationFrame(() => list.scrollToEnd());
  }

  return (
    <div className={css.frame}>
      <div
        ref={scroller}
        className={css.scroll}
        onScroll={look}
        role="log"
        aria-label="Messages"
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and its messages are walked from here
        tabIndex={0}
        onKeyDown={walkIn}
      >
        <div className={css.sizer} style={{ height: list.getTotalSize() }}>
          <div ref={introBox} className={css.top}>
            {hasBefore ? <Spinner label="Loading earlier messages" /> : <Intro id={channel} />}
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
                  <TimelineRow row={row} flash={row.kind === "message" && row.message.id === target?.id} />
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

/** The height of an element, as soon as it is known. */
function useHeight(guess: number): [number, (box: HTMLElement | null) => (() => void) | undefined] {
  const [height, setHeight] = useState(guess);
  const watch = useCallback((box: HTMLElement | null) => {
    if (!box) return undefined;
    const observer = new ResizeObserver(() => setHeight(box.offsetHeight));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return [height, watch];
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
  rows: ReturnType<typeof useRows>,
  target: Props["target"],
  newAfter: number | null,
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
      const first = newAfter === null ? -1 : rows.findIndex((row) => row.isNew);
      go(first >= 0 && rows.length - first > 8 ? Math.max(0, first - 1) : -1, "start");
    }
    done.current = wanted;
  });
}
