/** The head of a channel: its name and topic, who is in it, and its other ways in. */

import { channels } from "../../api/endpoints";
import type { Id } from "../../api/types";
import { openDialog, setDrawer, togglePane, useUi } from "../../app/ui";
import { mayAct } from "../../data/may";
import { othersIn, useChannelName, useMe } from "../../data/names";
import { useData } from "../../data/store";
import { takeChannel } from "../../data/verbs";
import { Avatar } from "../../ui/Avatar";
import { IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Menu, MenuItem, MenuLine } from "../../ui/Menu";
import { attempt } from "../../ui/toasts";
import { mayInvite } from "../people/guests";
import { SharedMark } from "../sharing/SharedMark";
import { kindIcon } from "../sidebar/Row";
import css from "./Header.module.css";

export function Header({ id }: { id: Id }) {
  const channel = useData((state) => state.channels[id]);
  const pane = useUi((state) => state.pane?.kind);
  const name = useChannelName(id);
  const me = useMe();
  if (!channel) return null;
  const direct = channel.kind === "direct";
  const other = othersIn(channel, me)[0] ?? me;
  return (
    <header className={css.head}>
      <IconButton className={css.menu ?? ""} icon="menu" label="Open the menu" onClick={() => setDrawer(true)} />
      {direct ? <Avatar id={other} name={name} size={24} presence /> : <Icon name={kindIcon[channel.kind]} />}
      <div className={css.words}>
        <h1 title={name}>{name}</h1>
        {channel.topic && (
          <p className={css.topic} title={channel.topic}>
            {channel.topic}
          </p>
        )}
      </div>
      <SharedMark channel={id} />
      <button
        type="button"
        className={css.members}
        aria-pressed={pane === "members"}
        aria-label={`Members: ${channel.members}`}
        title="Members"
        onClick={() => togglePane("members")}
      >
        <Icon name="people" />
        {channel.members}
      </button>
      <IconButton
        icon="pin"
        label="Pinned messages"
        side="bottom"
        aria-pressed={pane === "pins"}
        onClick={() => togglePane("pins")}
      />
      <IconButton
        className={css.wide ?? ""}
        icon="mail"
        label="Open in a mail program"
        side="bottom"
        onClick={() => openDialog({ kind: "mail", channel: id })}
      />
      <More id={id} direct={direct} />
    </header>
  );
}

function More({ id, direct }: { id: Id; direct: boolean }) {
  const channel = useData((state) => state.channels[id]);
  const me = useData((state) => state.me);
  const org = useData((state) => state.org);
  if (!channel || !me) return null;
  const guest = me.role === "guest";
  const { my } = channel;
  return (
    <Menu trigger={<IconButton icon="more" label="More" side="bottom" />}>
      <MenuItem icon="mail" onSelect={() => openDialog({ kind: "mail", channel: id })}>
        Open in a mail program
      </MenuItem>
      {!direct && !guest && mayAct(channel) && (
        <>
          <MenuItem icon="pencil" onSelect={() => openDialog({ kind: "channel-settings", channel: id })}>
            Name and topic
          </MenuItem>
          <MenuItem icon="people" onSelect={() => openDialog({ kind: "add-people", channel: id })}>
            Add people
          </MenuItem>
        </>
      )}
      {mayInvite(channel, me, org) && (
        <MenuItem icon="person" onSelect={() => openDialog({ kind: "invite-guest", channel: id })}>
          Invite a guest by mail
        </MenuItem>
      )}
      {my && (
        <MenuItem
          icon={my.muted ? "bell" : "bellOff"}
          onSelect={() => attempt(channels.change(id, { muted: !my.muted }))}
        >
          {my.muted ? "Unmute" : "Mute"}
        </MenuItem>
      )}
      {!direct && my && (
        <>
          <MenuLine />
          {(my.role === "admin" || !guest) && (
            <MenuItem
              icon="archive"
              onSelect={() => attempt(channels.act(id, channel.archived ? "unarchive" : "archive"))}
            >
              {channel.archived ? "Reopen" : "Archive"}
            </MenuItem>
          )}
          <MenuItem icon="out" danger onSelect={() => attempt(channels.act(id, "leave"), "You left the channel")}>
            Leave
          </MenuItem>
        </>
      )}
      {!my && !guest && !channel.archived && (
        <MenuItem icon="plus" onSelect={() => attempt(channels.act(id, "join").then(takeChannel))}>
          Join
        </MenuItem>
      )}
    </Menu>
  );
}
