/** A guest by mail who is in the channel: when their time ends, and their end in it. */
import { type FormEvent, useRef, useState } from "react";
import type { Id } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useChannelName, usePerson } from "../../data/names";
import { store } from "../../data/store";
import { changeGuest, removeGuest } from "../../data/verbs";
import { dayOf, endOfDay } from "../../text/time";
import { Button } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { complain } from "../../ui/toasts";
import { Trouble } from "../signin/Card";
import { useForm } from "../signin/useForm";

interface Props {
  channel: Id;
  guest: Id;
}

/** The days on which a guest's time may end: years of five digits are no dates to the server. */
export const days = () => ({ min: dayOf(Date.now()), max: "2999-12-31" });

const menuOf = (guest: Id): HTMLElement | null =>
  document.querySelector<HTMLElement>(`[data-guest="${CSS.escape(guest)}"] button`);

export function GuestEnd({ channel, guest }: Props) {
  const name = usePerson(guest)?.name ?? "";
  const place = useChannelName(channel);
  const [end] = useState(() => store.getState().seats[channel]?.[guest]?.expires_at ?? null);
  const form = useForm({ expires_at: end === null ? "" : dayOf(end) });
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    const until = form.values.expires_at;
    setBusy(true);
    try {
      await changeGuest(channel, guest, { expires_at: until ? endOfDay(until) : null });
      closeDialog();
    } catch (error) {
      setTrouble(form.place(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title="End date"
      description={`${name} is in #${place} to the end of this day. What they wrote stays.`}
      onClose={closeDialog}
      returnTo={() => menuOf(guest)}
    >
      <form onSubmit={(event) => void save(event)}>
        <Field label="Last day" type="date" autoFocus {...days()} hint="Empty: no end." {...form.field("expires_at")} />
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

export function RemoveGuest({ channel, guest }: Props) {
  const name = usePerson(guest)?.name ?? "";
  const place = useChannelName(channel);
  const [busy, setBusy] = useState(false);
  const gone = useRef(false);

  async function remove(): Promise<void> {
    setBusy(true);
    try {
      await removeGuest(channel, guest);
      gone.current = true;
      closeDialog();
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={`Remove ${name}?`}
      description={`They get no more mail of #${place}, and what they answer no longer comes here. What they wrote stays.`}
      onClose={closeDialog}
      // The guest's row goes in the same moment, and would take the focus along.
      returnTo={() => (gone.current ? document.querySelector<HTMLElement>("[data-composer]") : menuOf(guest))}
    >
      <DialogFoot>
        <Button onClick={closeDialog}>Keep</Button>
        <Button look="danger" busy={busy} onClick={() => void remove()}>
          Remove
        </Button>
      </DialogFoot>
    </Dialog>
  );
}
