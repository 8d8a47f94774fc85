/** A dialog: titled, closed by Esc, gives the focus back to where it came from. */
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useState } from "react";
import { IconButton } from "./Button";
import css from "./Dialog.module.css";

interface Props {
  title: string;
  description?: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
  /** As wide as a table needs. */
  broad?: boolean;
  bare?: boolean;
  /** Where the focus goes when what had it before is no longer there. */
  returnTo?: () => HTMLElement | null;
}

export function Dialog({
  title,
  description,
  onClose,
  children,
  wide = false,
  broad = false,
  bare = false,
  returnTo,
}: Props) {
  // Dialogs are opened from anywhere, without a trigger that radix could know.
  const [before] = useState(() =>
    document.activeElement === document.body ? null : (document.activeElement as HTMLElement | null),
  );
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={css.shade} />
        <Radix.Content
          className={[css.dialog, wide && css.wide, broad && css.broad, bare && css.bare].filter(Boolean).join(" ")}
          onOpenAutoFocus={(event) => {
            // The only thing to focus would be Close, whose name would show unasked and take the first Esc for itself.
            const content = event.currentTarget as HTMLElement;
            if (!content.querySelector(":is(a[href], button, input, select, textarea):not([data-close])")) {
              event.preventDefault();
              content.focus();
            }
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            const had = returnTo?.() ?? (before?.isConnected ? before : null);
            const target = had ?? document.querySelector<HTMLElement>("[data-composer]");
            // Another dialog may have been opened at once, and has the focus now.
            const open = document.querySelector("[role=dialog]");
            if (!open || open.contains(target)) target?.focus();
          }}
          {...(description ? {} : { "aria-describedby": undefined })}
        >
          <header className={bare ? "sr-only" : css.head}>
            <Radix.Title className={css.title}>{title}</Radix.Title>
            {description && <Radix.Description className={css.description}>{description}</Radix.Description>}
          </header>
          {children}
          {!bare && (
            <div className={css.close}>
              <Radix.Close asChild>
                <IconButton icon="close" label="Close" side="left" data-close />
              </Radix.Close>
            </div>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export function DialogFoot({ children }: { children: ReactNode }) {
  return <footer className={css.foot}>{children}</footer>;
}
