import { cleanup, render, screen } from "@testing-library/react";
import { Tooltip } from "radix-ui";
import { afterEach, expect, it } from "vitest";
import { Values } from "./Values";

afterEach(cleanup);

it("names its buttons after what they copy, abbreviations as they are written", () => {
  const values = ["IMAP server", "User name"].map((label) => ({ label, value: "x" }));
  render(
    <Tooltip.Provider>
      <Values values={values} />
    </Tooltip.Provider>,
  );
  const names = screen.getAllByRole("button").map((button) => button.getAttribute("aria-label"));
  expect(names).toEqual(["Copy IMAP server", "Copy user name"]);
});
