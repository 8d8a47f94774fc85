/** The pane beside the conversation: a thread, the members, the pins, or what was saved. */
import type { ReactNode } from "react";
import type { Id } from "../../api/types";
import { closePane, type Pane } from "../../app/ui";
import { IconButton } from "../../ui/Button";
import { dropZone } from "../../ui/drops";
import { focusComposer } from "../composer/focus";
import { MemberList } from "../people/MemberList";
import { PinList, SavedList } from "./MessageList";
import css from "./SidePane.module.css";
import { Thread } from "./Thread";

const titles = { thread: "Thread", members: "Members", pins: "Pinned messages", saved: "Saved messages" } as const;

export function SidePane({ channel, pane }: { channel: Id; pane: Pane }) {
  return (
    <aside className={css.pane} aria-label={titles[pane.kind]} {...(pane.kind === "thread" ? dropZone : {})}>
      <header className={css.head}>
        <h2>{titles[pane.kind]}</h2>
        <IconButton
          icon="close"
          label="Close"
          keys="Esc"
          side="left"
          onClick={() => {
            closePane();
            focusComposer();
          }}
        />
      </header>
      {content(channel, pane)}
    </aside>
  );
}

function content(channel: Id, pane: Pane): ReactNode {
  switch (pane.kind) {
    case "thread":
      return <Thread key={pane.root} channel={channel} root={pane.root} at={pane.at} />;
    case "members":
      return <MemberList channel={channel} />;
    case "pins":
      return <PinList channel={channel} />;
    case "saved":
      return <SavedList />;
  }
}
