/** One of several values: the system's own list, which phones do best. */
import { type ReactNode, useId } from "react";
import css from "./Field.module.css";

interface Props {
  label: string;
  /** Said to screen readers alone, where the place says it already. */
  quiet?: boolean;
  value: string;
  onChange: (value: string) => void;
  children: ReactNode;
}

export function Choice({ label, quiet = false, value, onChange, children }: Props) {
  const id = useId();
  return (
    <div className={css.field}>
      <label htmlFor={id} className={quiet ? "sr-only" : undefined}>
        {label}
      </label>
      <select id={id} className={css.input} value={value} onChange={(event) => onChange(event.target.value)}>
        {children}
      </select>
    </div>
  );
}
