/** A labelled field of a form, with a hint and what was wrong with it. */
import { type ComponentProps, useId } from "react";
import css from "./Field.module.css";

type Props = ComponentProps<"input"> & { label: string; hint?: string; error?: string | undefined };

export function Field({ label, hint, error, ...rest }: Props) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className={css.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        {...rest}
        className={css.input}
        aria-invalid={error ? true : undefined}
        aria-describedby={note ? `${id}-note` : undefined}
      />
      {note && (
        <small id={`${id}-note`} className={error ? css.error : css.hint} role={error ? "alert" : undefined}>
          {note}
        </small>
      )}
    </div>
  );
}
