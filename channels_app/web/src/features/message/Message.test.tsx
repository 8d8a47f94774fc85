import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it } from "vitest";
import { store } from "../../data/store";
import { at, loaded, message } from "../../test/cast";
import { Message } from "./Message";

const show = (fields: Parameters<typeof message>[1], first: boolean) =>
  render(<Message message={{ ...message(3, fields), asOf: 3 }} first={first} place="channel" />);

beforeEach(() => store.setState(loaded(), true));
afterEach(cleanup);

it("keeps its marks where it goes on from the one above it", () => {
  for (const first of [true, false]) {
    show({ origin: "imap", pinned: { by: "B", at: at(4) } }, first);
    expect(screen.getByText("by mail")).toBeTruthy();
    expect(screen.getByText("pinned")).toBeTruthy();
    cleanup();
  }
});

it("has no head there without a mark", () => {
  const { container } = show({}, false);
  expect(container.querySelector("header")).toBeNull();
});
