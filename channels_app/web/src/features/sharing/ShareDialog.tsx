/** Offer a channel to another organization: by mail, to its server or to any person. */
import { type FormEvent, useState } from "react";
import { channels } from "../../api/endpoints";
import type { Id } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useChannelName } from "../../data/names";
import { Button } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { tell } from "../../ui/toasts";
import { Trouble } from "../signin/Card";
import { useForm } from "../signin/useForm";

export function ShareDialog({ channel }: { channel: Id }) {
  const place = useChannelName(channel);
  const form = useForm({ address: "" });
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");

  async function offer(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      const share = await channels.share(channel, form.values.address);
      tell(`#${place} is offered to ${share.address}`);
      closeDialog();
    } catch (error) {
      setTrouble(form.place(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title="Share with another organization"
      description={`Once they accept, #${place} is on both servers: all who are in it there read and write it too, from now on.`}
      onClose={closeDialog}
    >
      <form onSubmit={(event) => void offer(event)}>
        <Field
          label="Their address"
          type="email"
          required
          maxLength={254}
          autoFocus
          autoComplete="off"
          placeholder="roost@beta.chat.example.org"
          hint="Who has only mail gets the offer too, and becomes a guest by answering it."
          {...form.field("address")}
        />
        {trouble && <Trouble words={trouble} />}
        <DialogFoot>
          <Button onClick={closeDialog}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            Send the offer
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}
