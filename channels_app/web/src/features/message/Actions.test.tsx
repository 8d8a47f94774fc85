import { cleanup, render, screen } from "@testing-library/react";
import { Tooltip } from "radix-ui";
import { afterEach, expect, it } from "vitest";
import { store } from "../../data/store";
import { channel, loaded, message } from "../../test/cast";
import { Actions } from "./Actions";

afterEach(cleanup);

/** What may be done with a message of ours in this channel. */
function offered(fields: Parameters<typeof channel>[0]): string[] {
  store.setState(loaded([channel(fields)]), true);
  render(
    <Tooltip.Provider>
      <Actions message={message(3, { author: "A" })} place="channel" onHold={() => {}} />
    </Tooltip.Provider>,
  );
  const names = screen.getAllByRole("button").map((button) => button.getAttribute("aria-label") ?? "");
  cleanup();
  return names;
}

it("offers only what the API lets one do", () => {
  const all = ["Add reaction", "Reply in thread", "Edit message", "Pin message", "Delete message", "More"];
  expect(offered({})).toEqual(all);
  expect(offered({ archived: true })).toEqual(["Reply in thread", "Delete message", "More"]);
  expect(offered({ my: null })).toEqual(["Reply in thread", "More"]);
});
