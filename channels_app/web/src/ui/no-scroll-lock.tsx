/** Stands in for react-remove-scroll (see vite.config.ts): the page never scrolls, so there is nothing to lock. */
import type { ElementType, ReactNode, Ref } from "react";

interface Props {
  as?: ElementType;
  children?: ReactNode;
  className?: string;
  ref?: Ref<HTMLElement>;
  allowPinchZoom?: boolean;
  shards?: unknown;
  [rest: string]: unknown;
}

export function RemoveScroll({ as: Tag = "div", children, allowPinchZoom: _zoom, shards: _shards, ...rest }: Props) {
  return <Tag {...rest}>{children}</Tag>;
}

RemoveScroll.classNames = { fullWidth: "", zeroRight: "" };
