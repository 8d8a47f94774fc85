/** A section of the sidebar. Folded, it shows what is unread and where one is. */
import { type ReactNode, useState } from "react";
import type { Channel } from "../../api/types";
import { Icon } from "../../ui/Icon";
import { Row } from "./Row";
import css from "./Sidebar.module.css";

interface Props {
  title: string;
  channels: readonly Channel[];
  here: string;
  actions: ReactNode;
  /** In place of the rows when there is none. */
  empty: ReactNode;
}

export function Section({ title, channels, here, actions, empty }: Props) {
  const [folded, fold] = useFolded(title);
  const shown = folded ? channels.filter((channel) => channel.id === here || calls(channel)) : channels;
  return (
    <section className={css.section}>
      <div className={css.sectionHead}>
        <h2>
          <button type="button" aria-expanded={!folded} onClick={() => fold(!folded)}>
            {title}
            <Icon name="chevron" size={14} />
          </button>
        </h2>
        <div>{actions}</div>
      </div>
      <ul>
        {shown.map((channel) => (
          <Row key={channel.id} channel={channel} here={channel.id === here} />
        ))}
        {channels.length === 0 && empty}
      </ul>
    </section>
  );
}

const calls = ({ my }: Channel): boolean => Boolean(my && !my.muted && (my.unread > 0 || my.mentions > 0));

function useFolded(title: string): [boolean, (folded: boolean) => void] {
  const key = `roost.folded.${title}`;
  const [folded, setFolded] = useState(() => localStorage.getItem(key) !== null);
  function fold(next: boolean): void {
    if (next) localStorage.setItem(key, "1");
    else localStorage.removeItem(key);
    setFolded(next);
  }
  return [folded, fold];
}
