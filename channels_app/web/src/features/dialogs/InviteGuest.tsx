/** A guest by mail: whoever has an address takes part in the channel, with nothing but that. */
import { type FormEvent, useEffect, useRef, useState } from "react";
import type { Id } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useChannelName } from "../../data/names";
import { inviteGuest } from "../../data/verbs";
import { endOfDay } from "../../text/time";
import { Button } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { tell } from "../../ui/toasts";
import { Trouble } from "../signin/Card";
import { useForm } from "../signin/useForm";
import { days } from "./Guest";

export function InviteGuest({ channel }: { channel: Id }) {
  const place = useChannelName(channel);
  const form = useForm({ email: "", name: "", expires_at: "" });
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const fields = useRef<HTMLFormElement>(null);

  // What was refused has the focus, so that it can be put right at once.
  useEffect(() => {
    if (!busy) fields.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [busy]);

  async function invite(event: FormEvent): Promise<void> {
    event.preventDefault();
    const { email, name, expires_at: until } = form.values;
    setBusy(true);
    try {
      const guest = await inviteGuest(channel, {
        email,
        ...(name.trim() ? { name } : {}),
        ...(until ? { expires_at: endOfDay(until) } : {}),
      });
      tell(`${guest.name} is a guest of #${place}`);
      closeDialog();
    } catch (error) {
      setTrouble(form.place(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title="Invite a guest by mail"
      description={`They get one welcome mail, then every message of #${place} as mail; what they answer comes here.`}
      onClose={closeDialog}
    >
      <form ref={fields} onSubmit={(event) => void invite(event)}>
        <Field
          label="Email"
          type="email"
          required
          maxLength={254}
          autoFocus
          autoComplete="off"
          placeholder="dana@example.org"
          {...form.field("email")}
        />
        <Field label="Name (optional)" maxLength={100} autoComplete="off" {...form.field("name")} />
        <Field
          label="Until (optional)"
          type="date"
          {...days()}
          hint="They are a guest to the end of this day."
          {...form.field("expires_at")}
        />
        {trouble && <Trouble words={trouble} />}
        <DialogFoot>
          <Button onClick={closeDialog}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            Invite
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}
