/** Name and topic of a channel. */
import { type FormEvent, useState } from "react";
import { channels } from "../../api/endpoints";
import type { Id } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { store } from "../../data/store";
import { Button } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { Trouble } from "../signin/Card";
import { useForm } from "../signin/useForm";

export function ChannelSettings({ channel: id }: { channel: Id }) {
  const [before] = useState(() => store.getState().channels[id]);
  const form = useForm({ name: before?.name ?? "", topic: before?.topic ?? "" });
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    const { name, topic } = form.values;
    setBusy(true);
    try {
      await channels.change(id, { ...(name !== before?.name ? { name } : {}), topic });
      closeDialog();
    } catch (error) {
      setTrouble(form.place(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title="Name and topic"
      description="The mail folder of the channel is renamed with it."
      onClose={closeDialog}
    >
      <form onSubmit={(event) => void save(event)}>
        <Field label="Name" required autoComplete="off" {...form.field("name")} />
        <Field label="Topic" autoFocus autoComplete="off" {...form.field("topic")} />
        {trouble && <Trouble words={trouble} />}
        <DialogFoot>
          <Button onClick={closeDialog}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            Save
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}
