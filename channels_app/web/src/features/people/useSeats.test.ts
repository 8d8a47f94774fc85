import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { channels } from "../../api/endpoints";
import { ApiError } from "../../api/http";
import type { ChannelMember, Guest } from "../../api/types";
import { apply } from "../../data/apply";
import { emptyRoom, type State } from "../../data/state";
import { store, update } from "../../data/store";
import { at, bob, dana, event, GARDEN, guest, known, loaded } from "../../test/cast";
import { useSeats, useWithoutGuests } from "./useSeats";

const open = (): State => ({ ...loaded(), rooms: { G: emptyRoom } });
const member = (person: typeof bob): ChannelMember => ({ ...person, channel_role: "member", joined_at: at(0) });
const both = [member(bob), member(dana)];

function shown(members = both) {
  return renderHook(
    ({ members }) => {
      const seated = useSeats("G");
      return { seated, names: useWithoutGuests(members, "G", seated).map(({ name }) => name) };
    },
    { initialProps: { members } },
  );
}
const answers = (answer: Promise<Guest[]>) => vi.spyOn(channels, "guests").mockReturnValue(answer);

describe("the guests in the pane", () => {
  beforeEach(() => store.setState(open(), true));
  afterEach(() => {
    cleanup();
    vi.restoreAllMocks();
  });

  it("are not among the members, neither before they are known nor after they went", async () => {
    answers(Promise.resolve([guest()]));
    const { result, rerender } = shown();
    expect(result.current.names).toEqual(["Bob"]);
    await waitFor(() => expect(result.current.seated?.seats).toEqual({ D: known() }));
    act(() => update((state) => apply(state, event(GARDEN, 4, "guest.left", { person: "D" }))));
    expect(result.current.seated?.seats).toEqual({});
    expect(result.current.names).toEqual(["Bob"]);
    rerender({ members: [member(bob)] });
    expect(result.current.names).toEqual(["Bob"]);
  });

  it("who have an account and no seat are members", async () => {
    answers(Promise.resolve([]));
    const { result } = shown();
    await waitFor(() => expect(result.current.names).toEqual(["Bob", "Dana"]));
  });

  it("are not asked for by guests, to whom all are members", () => {
    const asked = answers(Promise.resolve([]));
    store.setState({ ...open(), me: dana }, true);
    const { result } = shown();
    expect(result.current).toEqual({ seated: null, names: ["Bob", "Dana"] });
    expect(asked).not.toHaveBeenCalled();
  });

  it("are asked for each time they are shown, once", async () => {
    const asked = answers(Promise.resolve([guest({ state: "failing", why: "550" })]));
    store.setState({ ...open(), seats: { G: { D: known() } } }, true);
    const { result } = shown();
    expect(result.current.seated?.seats).toEqual({ D: known() });
    await waitFor(() => expect(result.current.seated?.seats?.D?.state).toBe("failing"));
    act(() => update((state) => ({ ...state, seats: {} })));
    await waitFor(() => expect(result.current.seated?.seats).toBeDefined());
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("are asked for once more after an answer that did not come", async () => {
    const asked = answers(Promise.reject(new ApiError(0, { code: "offline", message: "No answer." })));
    const { result } = shown();
    await waitFor(() => expect(result.current.seated?.trouble).toBe("No answer."));
    expect(result.current.names).toEqual(["Bob", "Dana"]);
    asked.mockResolvedValue([guest()]);
    act(() => result.current.seated?.retry());
    await waitFor(() => expect(result.current.names).toEqual(["Bob"]));
    expect(result.current.seated?.trouble).toBe("");
  });
});
