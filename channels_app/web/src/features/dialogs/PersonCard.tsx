/** Who somebody is, and the shortest way to write to them. */
import { useState } from "react";
import { useLocation } from "wouter";
import { channels } from "../../api/endpoints";
import type { Id } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useLive } from "../../data/live";
import { usePerson } from "../../data/names";
import { takeChannel } from "../../data/verbs";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { complain } from "../../ui/toasts";
import css from "./dialogs.module.css";

export function PersonCard({ person: id }: { person: Id }) {
  const person = usePerson(id);
  const presence = useLive((state) => state.presence[id] ?? "offline");
  const [busy, setBusy] = useState(false);
  const [, go] = useLocation();
  if (!person) return null;

  async function write(): Promise<void> {
    setBusy(true);
    try {
      const direct = await channels.create({ kind: "direct", name: "", members: [id] });
      takeChannel(direct);
      closeDialog();
      go(`/c/${direct.id}`);
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }

  return (
    <Dialog title={person.name} description={`@${person.handle} · ${presence}`} onClose={closeDialog}>
      <div className={css.main}>
        <Avatar id={id} name={person.name} size={48} presence />
        <span>
          <strong>{person.role}</strong>
          <small>{person.email}</small>
        </span>
      </div>
      <DialogFoot>
        <Button look="primary" busy={busy} disabled={person.active === false} onClick={() => void write()}>
          <Icon name="thread" size={18} /> Message
        </Button>
      </DialogFoot>
    </Dialog>
  );
}
