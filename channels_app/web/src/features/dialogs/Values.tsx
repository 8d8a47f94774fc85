/** A list of settings, each to be copied with a click. */
import { IconButton } from "../../ui/Button";
import { attempt } from "../../ui/toasts";
import css from "./dialogs.module.css";

export interface Value {
  label: string;
  value: string;
  code?: boolean;
}

export function Values({ values }: { values: readonly Value[] }) {
  if (values.length === 0) return null;
  return (
    <dl className={css.values}>
      {values.map(({ label, value, code = false }) => (
        <div key={label} className={css.value}>
          <dt>{label}</dt>
          <dd data-code={code}>{value}</dd>
          <IconButton
            size="s"
            icon="copy"
            label={`Copy ${inSentence(label)}`}
            side="left"
            onClick={() => attempt(navigator.clipboard.writeText(value), `${label} copied`)}
          />
        </div>
      ))}
    </dl>
  );
}

/** A label in the middle of a sentence: "user name", but "IMAP server". */
const inSentence = (label: string): string =>
  /^\p{Lu}\p{Ll}/u.test(label) ? label.charAt(0).toLowerCase() + label.slice(1) : label;
