import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { agoOf } from "../text/time";
import { useNow } from "./now";

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2025, 0, 1, 12) }));
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it("moves on while nothing else happens, with one timer for all, and rests when nobody looks", () => {
  const said = new Date(Date.now()).toISOString();
  const all = [1, 2].map(() => renderHook(() => agoOf(said, useNow())));
  const words = () => all.map(({ result }) => result.current);
  expect(words()).toEqual(["just now", "just now"]);
  expect(vi.getTimerCount()).toBe(1);
  act(() => void vi.advanceTimersByTime(3 * 60_000));
  expect(words()).toEqual(["3 min ago", "3 min ago"]);
  for (const { unmount } of all) unmount();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(10 * 60_000);
  expect(renderHook(() => agoOf(said, useNow())).result.current).toBe("13 min ago");
});
