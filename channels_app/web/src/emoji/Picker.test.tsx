import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import Picker from "./Picker";

afterEach(cleanup);

it("takes with Enter what is called as one typed, and with the arrows another one", async () => {
  const picked: string[] = [];
  render(<Picker onPick={(emoji) => picked.push(emoji)} />);
  const search = screen.getByRole("searchbox");
  fireEvent.change(search, { target: { value: "rocket" } });
  const rocket = await screen.findByRole("option", { name: "rocket" });
  expect(rocket.getAttribute("aria-selected")).toBe("true");
  fireEvent.keyDown(search, { key: "Enter" });
  fireEvent.keyDown(search, { key: "ArrowRight" });
  fireEvent.keyDown(search, { key: "Enter" });
  expect(picked[0]).toBe("🚀");
  expect(picked).toHaveLength(2);
  expect(picked[1]).not.toBe("🚀");
});
