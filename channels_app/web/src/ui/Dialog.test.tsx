import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { Tooltip } from "radix-ui";
import { afterEach, expect, it, vi } from "vitest";
import { Dialog } from "./Dialog";

afterEach(cleanup);

it("closes with one Esc, also while the name of its focused button is shown", async () => {
  const onClose = vi.fn();
  render(
    <Tooltip.Provider>
      <Dialog title="Keys" onClose={onClose}>
        <p>Esc closes this.</p>
      </Dialog>
    </Tooltip.Provider>,
  );
  const close = screen.getByRole("button", { name: "Close" });
  close.blur();
  close.focus();
  await screen.findByRole("tooltip");
  fireEvent.keyDown(close, { key: "Escape" });
  expect(onClose).toHaveBeenCalledOnce();
  expect(screen.queryByRole("tooltip")).toBeNull();
});
