import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { channels } from "../api/endpoints";
import { ApiError } from "../api/http";
import { loaded } from "../test/cast";
import { draftOf, hasUnsentDraft, takeUpDrafts, writeDraft } from "./drafts";
import { store } from "./store";

describe("drafts", () => {
  const put = vi.spyOn(channels, "draft");

  beforeEach(() => {
    vi.useFakeTimers();
    localStorage.clear();
    store.setState(loaded(), true);
    put.mockReset().mockResolvedValue({ channel: "G", thread: "", text: "", updated_at: "" });
  });
  afterEach(() => void vi.useRealTimers());

  it("are kept here at once, and brought to the server when the writer pauses", async () => {
    writeDraft("G", null, "h");
    writeDraft("G", null, "hello");
    expect(draftOf("G", null)).toBe("hello");
    expect(hasUnsentDraft("G", null)).toBe(true);
    expect(put).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1_300);
    expect(put.mock.calls).toEqual([["G", "", "hello"]]);
    expect(hasUnsentDraft("G", null)).toBe(false);
  });

  it("outlive a reload without a connection, and go out after it", async () => {
    put.mockRejectedValue(new ApiError(0, { code: "offline", message: "" }));
    writeDraft("G", "m2", "in the thread");
    await vi.advanceTimersByTimeAsync(1_300);
    store.setState(loaded(), true);
    expect(draftOf("G", "m2")).toBe("in the thread");
    put.mockResolvedValue({ channel: "G", thread: "m2", text: "", updated_at: "" });
    takeUpDrafts();
    expect(store.getState().drafts["G/m2"]?.text).toBe("in the thread");
    await vi.advanceTimersByTimeAsync(1_300);
    expect(put).toHaveBeenLastCalledWith("G", "m2", "in the thread");
    expect(hasUnsentDraft("G", "m2")).toBe(false);
  });

  it("of a place that is gone are forgotten", async () => {
    put.mockRejectedValue(new ApiError(404, { code: "not_found", message: "" }));
    writeDraft("X", null, "lost");
    await vi.advanceTimersByTimeAsync(1_300);
    expect(hasUnsentDraft("X", null)).toBe(false);
  });
});
