/** A menu of actions under a button. */
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { Icon, type IconName } from "./Icon";
import css from "./Menu.module.css";

interface Props {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "center" | "end";
  side?: "top" | "bottom";
  onOpenChange?: (open: boolean) => void;
}

export function Menu({ trigger, children, align = "end", side = "bottom", onOpenChange }: Props) {
  return (
    <DropdownMenu.Root {...(onOpenChange ? { onOpenChange } : {})}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={css.menu} align={align} side={side} sideOffset={6} collisionPadding={8}>
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface ItemProps {
  icon: IconName;
  children: ReactNode;
  onSelect: () => void;
  danger?: boolean;
  keys?: string;
}

export function MenuItem({ icon, children, onSelect, danger = false, keys }: ItemProps) {
  return (
    <DropdownMenu.Item className={`${css.item} ${danger ? css.danger : ""}`} onSelect={onSelect}>
      <Icon name={icon} size={18} />
      <span className={css.words}>{children}</span>
      {keys && <kbd className={css.keys}>{keys}</kbd>}
    </DropdownMenu.Item>
  );
}

export function MenuChoice<T extends string>(props: {
  label: string;
  value: T;
  options: readonly { value: T; label: string; icon: IconName }[];
  onChange: (value: T) => void;
}) {
  return (
    <DropdownMenu.RadioGroup value={props.value} onValueChange={(value) => props.onChange(value as T)}>
      <DropdownMenu.Label className={css.label}>{props.label}</DropdownMenu.Label>
      {props.options.map((option) => (
        <DropdownMenu.RadioItem
          key={option.value}
          value={option.value}
          className={css.item}
          onSelect={(event) => event.preventDefault()}
        >
          <Icon name={option.icon} size={18} />
          <span className={css.words}>{option.label}</span>
          <DropdownMenu.ItemIndicator>
            <Icon name="check" size={16} />
          </DropdownMenu.ItemIndicator>
        </DropdownMenu.RadioItem>
      ))}
    </DropdownMenu.RadioGroup>
  );
}

export function MenuLine() {
  return <DropdownMenu.Separator className={css.line} />;
}
