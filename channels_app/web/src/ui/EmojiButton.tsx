/** Opens the emoji picker beside whatever button it is given. */
import { Popover } from "radix-ui";
import { lazy, type ReactNode, Suspense, useState } from "react";
import css from "./EmojiButton.module.css";
import { Spinner } from "./Splash";

const Picker = lazy(() => import("../emoji/Picker"));

interface Props {
  children: ReactNode;
  onPick: (emoji: string) => void;
  onOpenChange?: (open: boolean) => void;
  onClosed?: () => void;
}

export function EmojiButton({ children, onPick, onOpenChange, onClosed }: Props) {
  const [open, setOpen] = useState(false);
  function change(next: boolean): void {
    setOpen(next);
    onOpenChange?.(next);
  }
  return (
    <Popover.Root open={open} onOpenChange={change}>
      <Popover.Trigger asChild>{children}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={css.pop}
          side="top"
          align="end"
          sideOffset={8}
          collisionPadding={8}
          aria-label="Choose an emoji"
          onCloseAutoFocus={(event) => {
            if (!onClosed) return;
            event.preventDefault();
            onClosed();
          }}
        >
          <Suspense
            fallback={
              <div className={css.wait}>
                <Spinner />
              </div>
            }
          >
            <Picker
              onPick={(emoji) => {
                change(false);
                onPick(emoji);
              }}
            />
          </Suspense>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
