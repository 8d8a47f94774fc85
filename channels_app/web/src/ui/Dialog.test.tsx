import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { Tooltip } from "radix-ui";
import { afterEach, expect, it, vi } from "vitest";
import { Dialog } from "./Dialog";

afterEach(cleanup);

it("has the focus itself when there is only Close, and closes with one Esc", () => {
  const onClose = vi.fn();
  render(
    <Tooltip.Provider>
      <Dialog title="Keys" onClose={onClose}>
        <p>Esc closes this.</p>
      </Dialog>
    </Tooltip.Provider>,
  );
  const dialog = screen.getByRole("dialog");
  expect(document.activeElement).toBe(dialog);
  expect(screen.queryByRole("tooltip")).toBeNull();
  fireEvent.keyDown(dialog, { key: "Escape" });
  expect(onClose).toHaveBeenCalledOnce();
});

it("gives the focus to the first field", () => {
  render(
    <Tooltip.Provider>
      <Dialog title="Name" onClose={() => {}}>
        <input aria-label="Name" />
      </Dialog>
    </Tooltip.Provider>,
  );
  expect(document.activeElement).toBe(screen.getByRole("textbox"));
});
