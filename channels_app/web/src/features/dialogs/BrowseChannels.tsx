/** All channels one may see, to join or to look into. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { channels } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { Channel } from "../../api/types";
import { closeDialog, openDialog } from "../../app/ui";
import { useData } from "../../data/store";
import { takeChannel } from "../../data/verbs";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { Spinner } from "../../ui/Splash";
import { complain } from "../../ui/toasts";
import { rankOf } from "../composer/complete";
import { kindIcon } from "../sidebar/Row";
import css from "./dialogs.module.css";

export function BrowseChannels() {
  const query = useQuery({ queryKey: ["browse"], queryFn: () => channels.list("all"), staleTime: 0 });
  const known = useData((state) => state.channels);
  const [wanted, setWanted] = useState("");
  const found = (query.data ?? [])
    .filter((channel) => channel.kind !== "direct")
    .map((channel) => known[channel.id] ?? channel)
    .filter((channel) => rankOf(wanted, channel.name, channel.topic) > 0)
    .sort((a, b) => Number(a.archived) - Number(b.archived) || a.name.localeCompare(b.name));
  return (
    <Dialog title="Browse channels" onClose={closeDialog} wide>
      <input
        className={css.find}
        type="search"
        autoFocus
        placeholder="Find a channel"
        aria-label="Find a channel"
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      {query.isPending && <Spinner />}
      {query.isError && <p>{messageOf(query.error)}</p>}
      <ul className={css.rows}>
        {found.map((channel) => (
          <Found key={channel.id} channel={channel} />
        ))}
      </ul>
      {query.data && found.length === 0 && (
        <div className={css.none}>
          <p>No channel is called that.</p>
          <Button look="primary" onClick={() => openDialog({ kind: "create-channel" })}>
            Create a channel
          </Button>
        </div>
      )}
    </Dialog>
  );
}

function Found({ channel }: { channel: Channel }) {
  const [, go] = useLocation();
  const [busy, setBusy] = useState(false);

  function open(): void {
    takeChannel(channel);
    closeDialog();
    go(`/c/${channel.id}`);
  }
  async function join(): Promise<void> {
    setBusy(true);
    try {
      takeChannel(await channels.act(channel.id, "join"));
      closeDialog();
      go(`/c/${channel.id}`);
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }
  return (
    <li className={css.row}>
      <button type="button" className={css.main} onClick={open}>
        <Icon name={kindIcon[channel.kind]} />
        <span>
          <strong>{channel.name}</strong>
          <small>
            {channel.members} {channel.members === 1 ? "member" : "members"}
            {channel.archived && " · archived"}
            {channel.topic && ` · ${channel.topic}`}
          </small>
        </span>
      </button>
      {channel.my ? (
        <span className={css.in}>
          <Icon name="check" size={16} /> Joined
        </span>
      ) : (
        !channel.archived && (
          <Button busy={busy} onClick={() => void join()}>
            Join
          </Button>
        )
      )}
    </li>
  );
}
