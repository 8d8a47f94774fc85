import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { Tooltip } from "radix-ui";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { channels } from "../../api/endpoints";
import type { JoinCode as Code } from "../../api/types";
import { store } from "../../data/store";
import { at, loaded } from "../../test/cast";
import { encryptedWords } from "../people/guests";
import { JoinCode } from "./JoinCode";

const code = (id: string, fields: Partial<Code> = {}): Code => ({
  id,
  maker: "B",
  created_at: at(0),
  expires_at: at(1),
  uses: 0,
  most_uses: 1,
  text: "OPENPGP4FPR:FF#i=1",
  link: "https://i.delta.chat/#FF&i=1",
  svg: '<svg xmlns="http://www.w3.org/2000/svg"/>',
  ...fields,
});

let codes: Code[];

beforeEach(() => {
  store.setState(loaded(), true);
  codes = [];
  vi.spyOn(channels, "joinCodes").mockImplementation(async () => ({ items: codes, next: null }));
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function open(): void {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Tooltip.Provider>
        <JoinCode channel="G" />
      </Tooltip.Provider>
    </QueryClientProvider>,
  );
}

it("shows the code that was made, as an image and as a link, and says what is encrypted", async () => {
  const made = vi.spyOn(channels, "newJoinCode").mockImplementation(async (_, { most_uses }) => {
    codes = [code("1", { most_uses })];
    return code("1", { most_uses });
  });
  open();
  expect(screen.getByText(encryptedWords)).toBeTruthy();
  expect(screen.queryByRole("img")).toBeNull();
  await waitFor(() => expect(screen.queryByRole("status")).toBeNull());
  fireEvent.change(screen.getByLabelText("For how many people"), { target: { value: "5" } });
  fireEvent.submit(screen.getByLabelText("For how many people"));
  const image = await screen.findByAltText<HTMLImageElement>("A QR code to scan with Delta Chat");
  expect(decodeURIComponent(image.src)).toBe(`data:image/svg+xml,${code("1").svg}`);
  expect(screen.getByText("https://i.delta.chat/#FF&i=1")).toBeTruthy();
  expect(screen.getByText("For 5 people, 0 came")).toBeTruthy();
  expect(made).toHaveBeenCalledWith("G", { most_uses: 5 });
});

it("takes a code back", async () => {
  codes = [code("1"), code("2", { most_uses: 9, uses: 3 })];
  const dropped = vi.spyOn(channels, "dropJoinCode").mockImplementation(async (_, id) => {
    codes = codes.filter((one) => one.id !== id);
  });
  open();
  fireEvent.click(await screen.findByText("For one person"));
  expect(screen.getByRole("img", { name: /QR/ })).toBeTruthy();
  fireEvent.click(screen.getAllByRole("button", { name: "Take this code back" })[0] as HTMLElement);
  await waitFor(() => expect(screen.queryByText("For one person")).toBeNull());
  expect(screen.queryByRole("img", { name: /QR/ })).toBeNull();
  expect(screen.getByText("For 9 people, 3 came")).toBeTruthy();
  expect(dropped).toHaveBeenCalledWith("G", "1");
});
