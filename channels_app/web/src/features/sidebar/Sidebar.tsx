/** The sidebar: where one can go, and what waits there. */
import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { type DialogState, openDialog, useUi } from "../../app/ui";
import { useData } from "../../data/store";
import { IconButton } from "../../ui/Button";
import { Icon, type IconName } from "../../ui/Icon";
import { Offers } from "../sharing/Offers";
import { Beyond } from "./Beyond";
import { PersonMenu } from "./PersonMenu";
import { Section } from "./Section";
import css from "./Sidebar.module.css";
import { mayJoin, sections } from "./sections";
import { Waiting } from "./Waiting";

export function Sidebar() {
  const { channels, directs } = useData(sections);
  const org = useData((state) => state.org?.name ?? "");
  const guest = useData((state) => state.me?.role === "guest");
  const joinable = useData(mayJoin);
  const drawer = useUi((state) => state.drawer);
  const [place] = useLocation();
  const here = place.split("/")[2] ?? "";
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: wherever one goes, the list shows where that is
  useEffect(() => {
    list.current?.querySelector("[aria-current=page]")?.scrollIntoView({ block: "nearest" });
  }, [here]);
  return (
    <nav className={css.sidebar} data-open={drawer} aria-label="Channels and conversations">
      <header className={css.head}>
        <PersonMenu org={org} />
      </header>
      <button type="button" className={css.search} onClick={() => openDialog({ kind: "switcher" })}>
        <Icon name="search" size={16} />
        <span>Go to…</span>
        <kbd>Ctrl K</kbd>
      </button>
      <Asking />
      <div className={css.lists}>
        <div ref={list} className={css.scroll}>
          <Waiting />
          <Offers />
          <Section
            title="Channels"
            channels={channels}
            here={here}
            actions={
              !guest && (
                <>
                  <IconButton
                    size="s"
                    icon="compass"
                    label="Browse channels"
                    onClick={() => openDialog({ kind: "browse" })}
                  />
                  <IconButton
                    size="s"
                    icon="plus"
                    label="Create channel"
                    onClick={() => openDialog({ kind: "create-channel" })}
                  />
                </>
              )
            }
            empty={
              !guest &&
              (joinable ? (
                <Hint icon="compass" words="Find a channel to join" dialog={{ kind: "browse" }} />
              ) : (
                <Hint icon="plus" words="Create the first channel" dialog={{ kind: "create-channel" }} />
              ))
            }
          />
          <Section
            title="Direct messages"
            channels={directs}
            here={here}
            actions={
              !guest && (
                <IconButton
                  size="s"
                  icon="plus"
                  label="New direct message"
                  onClick={() => openDialog({ kind: "direct" })}
                />
              )
            }
            empty={!guest && <Hint icon="plus" words="Write to someone" dialog={{ kind: "direct" }} />}
          />
        </div>
        <Beyond list={list} news={channels} />
      </div>
    </nav>
  );
}

/** Whether somebody waits for our answer. */
function Asking() {
  const count = useData(
    ({ requests, channels }) => Object.values(requests).filter(({ channel }) => channels[channel]).length,
  );
  if (count === 0) return null;
  return (
    <button
      type="button"
      className={css.asking}
      aria-label={`Asking to join: ${count}`}
      onClick={() => openDialog({ kind: "guest-requests" })}
    >
      <Icon name="person" size={18} />
      <span className={css.name}>Asking to join</span>
      <span className={css.badge}>{count > 99 ? "99+" : count}</span>
    </button>
  );
}

function Hint({ icon, words, dialog }: { icon: IconName; words: string; dialog: DialogState }) {
  return (
    <li>
      <button type="button" className={css.hint} onClick={() => openDialog(dialog)}>
        <Icon name={icon} size={18} /> {words}
      </button>
    </li>
  );
}
