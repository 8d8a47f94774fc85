/** The dialog that is open, if one is. Loaded when the page is at rest, so that the first Ctrl+K loses no key. */
import { useEffect, useState } from "react";
import { ApiError } from "../api/http";
import { complain } from "../ui/toasts";
import { closeDialog, useUi } from "./ui";

type Open = typeof import("../features/dialogs/Open").default;

const REST = 1_000;

export function Dialogs() {
  const dialog = useUi((state) => state.dialog);
  const [Open, setOpen] = useState<Open | null>(null);
  const wanted = dialog !== null;
  useEffect(() => {
    if (Open) return;
    async function load(): Promise<void> {
      try {
        const part = await import("../features/dialogs/Open");
        setOpen(() => part.default);
      } catch {
        if (!wanted) return;
        closeDialog();
        complain(new ApiError(0, { code: "offline", message: "The server cannot be reached." }));
      }
    }
    const timer = setTimeout(() => void load(), wanted ? 0 : REST);
    return () => clearTimeout(timer);
  }, [Open, wanted]);
  return dialog && Open && <Open dialog={dialog} />;
}
