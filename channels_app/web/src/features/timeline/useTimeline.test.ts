import { act, renderHook } from "@testing-library/react";
import { useLayoutEffect } from "react";
import { beforeEach, describe, expect, it } from "vitest";
import { apply } from "../../data/apply";
import { store, update, useData } from "../../data/store";
import { channel, event, loaded, posted } from "../../test/cast";
import { useNewLine } from "./useTimeline";

/** The hook, and what was painted: how much was unread, and where the line stood. */
function shown(reading: boolean) {
  const painted: [number, number | null][] = [];
  const { result } = renderHook(() => {
    const unread = useData((state) => state.channels.G?.my?.unread ?? 0);
    const line = useNewLine("G", reading);
    useLayoutEffect(() => {
      painted.push([unread, line]);
    });
    return line;
  });
  return { result, painted };
}

const hear = (news: Parameters<typeof apply>[1]): void => act(() => update((state) => apply(state, news)));

describe("the line above what is new", () => {
  beforeEach(() => store.setState(loaded(), true));

  it("stands where the reading ended when the channel is opened", () => {
    const my = { joined_at: "", read: 2, unread: 1, mentions: 0, role: "member", muted: false } as const;
    store.setState(loaded([channel({ my })]), true);
    expect(shown(true).result.current).toBe(2);
  });

  it("comes with the first message that is not read at once, not a moment after it", () => {
    const { result, painted } = shown(false);
    hear(posted(4));
    hear(posted(5));
    expect(result.current).toBe(3);
    expect(painted).toEqual([
      [0, null],
      [1, 3],
      [2, 3],
    ]);
  });

  it("does not come while somebody reads", () => {
    const { result } = shown(true);
    hear(posted(4));
    expect(result.current).toBeNull();
  });

  it("goes back with what is marked as unread", () => {
    const { result } = shown(true);
    hear(event("person:A", 6, "read.moved", { channel: "G", read: 1, unread: 2, mentions: 0, head: 3 }));
    expect(result.current).toBe(1);
  });
});
