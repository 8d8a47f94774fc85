/** Buttons: with words, or with an icon and a name that is shown as a tooltip. */
import { Tooltip } from "radix-ui";
import type { ComponentProps } from "react";
import css from "./Button.module.css";
import { Icon, type IconName } from "./Icon";

type ButtonProps = ComponentProps<"button"> & { look?: "primary" | "plain" | "danger" | "quiet"; busy?: boolean };

export function Button({ look = "plain", busy = false, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={[css.button, css[look], className].filter(Boolean).join(" ")}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
    >
      {children}
    </button>
  );
}

type IconButtonProps = Omit<ComponentProps<"button">, "aria-label"> & {
  icon: IconName;
  label: string;
  keys?: string;
  size?: "s" | "m";
  side?: "top" | "bottom" | "left" | "right";
};

export function IconButton({ icon, label, keys, size = "m", side = "top", className, ...rest }: IconButtonProps) {
  return (
    <Hint label={label} side={side} {...(keys ? { keys } : {})}>
      <button
        type="button"
        {...rest}
        aria-label={label}
        className={[css.icon, size === "s" && css.small, className].filter(Boolean).join(" ")}
      >
        <Icon name={icon} size={size === "s" ? 18 : 20} />
      </button>
    </Hint>
  );
}

interface HintProps {
  label: string;
  keys?: string;
  side?: "top" | "bottom" | "left" | "right";
  children: React.ReactNode;
}

export function Hint({ label, keys, side = "top", children }: HintProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className={css.hint} side={side} sideOffset={6} collisionPadding={8}>
          {label}
          {keys && <kbd className={css.keys}>{keys}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
