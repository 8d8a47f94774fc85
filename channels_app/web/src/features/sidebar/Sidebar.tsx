/** The sidebar: where one can go, and what waits there. */
import { useLocation } from "wouter";
import { openDialog, useUi } from "../../app/ui";
import { useData } from "../../data/store";
import { IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { PersonMenu } from "./PersonMenu";
import { Row } from "./Row";
import css from "./Sidebar.module.css";
import { sections } from "./sections";

export function Sidebar() {
  const { channels, directs } = useData(sections);
  const org = useData((state) => state.org?.name ?? "");
  const guest = useData((state) => state.me?.role === "guest");
  const drawer = useUi((state) => state.drawer);
  const [place] = useLocation();
  const here = place.split("/")[2] ?? "";
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
      <div className={css.scroll}>
        <Section
          title="Channels"
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
        >
          {channels.map((channel) => (
            <Row key={channel.id} channel={channel} here={channel.id === here} />
          ))}
          {channels.length === 0 && !guest && (
            <li>
              <button type="button" className={css.hint} onClick={() => openDialog({ kind: "create-channel" })}>
                <Icon name="plus" size={18} /> Create the first channel
              </button>
            </li>
          )}
        </Section>
        <Section
          title="Direct messages"
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
        >
          {directs.map((channel) => (
            <Row key={channel.id} channel={channel} here={channel.id === here} />
          ))}
          {directs.length === 0 && !guest && (
            <li>
              <button type="button" className={css.hint} onClick={() => openDialog({ kind: "direct" })}>
                <Icon name="plus" size={18} /> Write to someone
              </button>
            </li>
          )}
        </Section>
      </div>
    </nav>
  );
}

function Section(props: { title: string; actions: React.ReactNode; children: React.ReactNode }) {
  return (
    <section className={css.section}>
      <div className={css.sectionHead}>
        <h2>{props.title}</h2>
        <div>{props.actions}</div>
      </div>
      <ul>{props.children}</ul>
    </section>
  );
}
