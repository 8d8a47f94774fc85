/** A mail before anybody has let it in: its words, and the names of its files. */
import type { OpenRequest } from "../../api/types";
import { useMe } from "../../data/names";
import { sizeOf } from "../../text/time";
import { Icon } from "../../ui/Icon";
import { Prose } from "../message/Prose";
import css from "./requests.module.css";

type Files = OpenRequest["letters"][number]["files"];

interface Props {
  subject: string;
  /** When it came, in words. */
  came: string;
  html: string;
  files: Files;
}

export function Letter({ subject, came, html, files }: Props) {
  const me = useMe();
  return (
    <article className={css.letter}>
      <h3 dir="auto">{subject || "(no subject)"}</h3>
      <small>{came}</small>
      {html ? <Prose html={html} me={me} className="" /> : <p className={css.note}>It has no words.</p>}
      {files.length > 0 && (
        <ul className={css.files} aria-label="Files">
          {files.map(({ name, size }, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two files may have one name, and none ever moves
            <li key={`${at} ${name}`}>
              <Icon name="file" size={16} /> {name} · {sizeOf(size)}
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}
