/** Who is in the channel: its members, and below them its guests by mail. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { channels } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { ChannelMember, Id } from "../../api/types";
import { openDialog } from "../../app/ui";
import { useLive } from "../../data/live";
import { mayAct } from "../../data/may";
import { useMe } from "../../data/names";
import { useData } from "../../data/store";
import { takeChannel } from "../../data/verbs";
import { Avatar } from "../../ui/Avatar";
import { IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { Menu, MenuItem } from "../../ui/Menu";
import { Spinner } from "../../ui/Splash";
import { attempt, complain } from "../../ui/toasts";
import { rankOf } from "../composer/complete";
import { SharedWith } from "../sharing/SharedWith";
import { useRefreshed } from "../thread/MessageList";
import pane from "../thread/SidePane.module.css";
import { GuestList } from "./GuestList";
import css from "./MemberList.module.css";
import { useSeats, useWithoutGuests } from "./useSeats";

const MANY = 12;
const nobody: readonly ChannelMember[] = [];

export function MemberList({ channel }: { channel: Id }) {
  const key = ["members", channel];
  useRefreshed(key, ["member.joined", "member.left", "member.changed"]);
  const query = useQuery({ queryKey: key, queryFn: () => channels.members(channel), staleTime: 0 });
  const [wanted, setWanted] = useState("");
  const kind = useData((state) => state.channels[channel]?.kind);
  const mayAdd = useData((state) => mayAct(state.channels[channel]) && state.me?.role !== "guest");
  const here = useLive((state) => state.presence);
  const seated = useSeats(channel);
  const present = useWithoutGuests(query.data ?? nobody, channel, seated);
  if (query.error) return <p className={pane.empty}>{messageOf(query.error)}</p>;
  if (!query.data) {
    return (
      <div className={pane.empty}>
        <Spinner />
      </div>
    );
  }
  const members = present
    .filter((member) => rankOf(wanted, member.name, member.email) > 0)
    .sort((a, b) => Number(here[b.id] === "active") - Number(here[a.id] === "active") || a.name.localeCompare(b.name));
  return (
    <div className={pane.scroll}>
      {kind !== "direct" && mayAdd && (
        <button type="button" className={css.add} onClick={() => openDialog({ kind: "add-people", channel })}>
          <Icon name="plus" /> Add people
        </button>
      )}
      {query.data.length > MANY && (
        <input
          className={css.find}
          type="search"
          placeholder="Find a member"
          aria-label="Find a member"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      )}
      <ul className={css.list}>
        {members.map((member) => (
          <Member key={member.id} channel={channel} member={member} />
        ))}
      </ul>
      {seated && <GuestList channel={channel} seated={seated} wanted={wanted} />}
      <SharedWith channel={channel} />
    </div>
  );
}

function Member({ channel, member }: { channel: Id; member: ChannelMember }) {
  const me = useMe();
  const [, go] = useLocation();
  const mayRemove = useData((state) => {
    const role = state.me?.role;
    const here = state.channels[channel];
    return here?.kind !== "direct" && (role === "owner" || role === "admin" || here?.my?.role === "admin");
  });
  function write(): void {
    channels
      .create({ kind: "direct", name: "", members: [member.id] })
      .then((direct) => {
        takeChannel(direct);
        go(`/c/${direct.id}`);
      })
      .catch(complain);
  }
  return (
    <li className={css.member}>
      <Avatar id={member.id} name={member.name} size={32} presence />
      <div className={css.words}>
        <strong>
          {member.name}
          {member.id === me && <span> (you)</span>}
        </strong>
        <small>{note(member)}</small>
      </div>
      {member.id !== me && (
        <Menu trigger={<IconButton size="s" icon="more" label={`More about ${member.name}`} />}>
          <MenuItem icon="thread" onSelect={write}>
            Write a direct message
          </MenuItem>
          <MenuItem icon="copy" onSelect={() => attempt(navigator.clipboard.writeText(member.email), "Address copied")}>
            Copy e-mail address
          </MenuItem>
          {mayRemove && (
            <MenuItem icon="out" danger onSelect={() => attempt(channels.removeMember(channel, member.id))}>
              Remove from the channel
            </MenuItem>
          )}
        </Menu>
      )}
    </li>
  );
}

function note(member: ChannelMember): string {
  if (member.role === "guest") return `Guest · ${member.email}`;
  if (member.channel_role === "admin") return `Channel admin · ${member.email}`;
  return member.email;
}
