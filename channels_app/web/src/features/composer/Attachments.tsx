/** The files that will go with the post, each with its progress. */
import type { Attached } from "../../data/uploads";
import { sizeOf } from "../../text/time";
import { IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import css from "./Attachments.module.css";

interface Props {
  attached: readonly Attached[];
  onRemove: (key: number) => void;
  onRetry: (one: Attached) => void;
}

export function Attachments({ attached, onRemove, onRetry }: Props) {
  if (attached.length === 0) return null;
  return (
    <ul className={css.files} aria-label="Files to send">
      {attached.map((one) => (
        <li key={one.key} className={css.file} data-bad={one.error !== ""}>
          {one.file?.preview_url ? <img src={one.file.preview_url} alt="" /> : <Icon name="file" />}
          <span className={css.words}>
            <strong>{one.name}</strong>
            <small>
              {one.error || (one.file ? sizeOf(one.size) : `${Math.round(one.share * 100)} % of ${sizeOf(one.size)}`)}
            </small>
            {!one.file && !one.error && <progress max={1} value={one.share} aria-label={`Uploading ${one.name}`} />}
          </span>
          {one.error && (
            <IconButton size="s" icon="retry" label={`Try ${one.name} again`} onClick={() => onRetry(one)} />
          )}
          <IconButton
            size="s"
            icon="close"
            label={one.file || one.error ? `Remove ${one.name}` : `Cancel ${one.name}`}
            onClick={() => onRemove(one.key)}
          />
        </li>
      ))}
    </ul>
  );
}
