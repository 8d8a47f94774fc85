/** A guest by mail: when their time in a channel ends, who vouches for them, and their end there or everywhere. */
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { channels } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { Id } from "../../api/types";
import { closeDialog, type Listed, openDialog } from "../../app/ui";
import { useChannelName, usePerson } from "../../data/names";
import { store } from "../../data/store";
import { changeGuest, removeGuest, removeGuestEverywhere } from "../../data/verbs";
import { dayOf, endOfDay } from "../../text/time";
import { Button } from "../../ui/Button";
import { Choice } from "../../ui/Choice";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { complain } from "../../ui/toasts";
import { Trouble } from "../signin/Card";
import { useForm } from "../signin/useForm";

interface Props {
  channel: Id;
  guest: Id;
  from?: Listed | undefined;
}

/** Back to where it was opened. */
const backOf =
  (from: Listed | undefined): (() => void) =>
  () =>
    from ? openDialog({ kind: "guests" }) : closeDialog();

const seatOf = ({ channel, guest, from }: Props): Listed | undefined =>
  from ?? store.getState().seats[channel]?.[guest];

/** The days on which a guest's time may end: years of five digits are no dates to the server. */
export const days = () => ({ min: dayOf(Date.now()), max: "2999-12-31" });

const menuOf = (guest: Id): HTMLElement | null =>
  document.querySelector<HTMLElement>(`[data-guest="${CSS.escape(guest)}"] button`);

export function GuestEnd(props: Props) {
  const { channel, guest, from } = props;
  const close = backOf(from);
  const name = usePerson(guest)?.name ?? "";
  const place = useChannelName(channel);
  const [end] = useState(() => seatOf(props)?.expires_at ?? null);
  const form = useForm({ expires_at: end === null ? "" : dayOf(end) });
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    const until = form.values.expires_at;
    setBusy(true);
    try {
      await changeGuest(channel, guest, { expires_at: until ? endOfDay(until) : null });
      close();
    } catch (error) {
      setTrouble(form.place(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title="End date"
      description={`${name} is in #${place} to the end of this day. What they wrote stays.`}
      onClose={close}
      returnTo={() => menuOf(guest)}
    >
      <form onSubmit={(event) => void save(event)}>
        <Field label="Last day" type="date" autoFocus {...days()} hint="Empty: no end." {...form.field("expires_at")} />
        {trouble && <Trouble words={trouble} />}
        <DialogFoot>
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            Save
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}

export function GuestSponsor(props: Props) {
  const { channel, guest, from } = props;
  const close = backOf(from);
  const name = usePerson(guest)?.name ?? "";
  const members = useQuery({ queryKey: ["members", channel], queryFn: () => channels.members(channel) });
  const [sponsor, setSponsor] = useState(() => seatOf(props)?.sponsor ?? "");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const may = (members.data ?? []).filter(({ role }) => role !== "guest");
  const known = may.some(({ id }) => id === sponsor);

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      await changeGuest(channel, guest, { sponsor });
      close();
    } catch (error) {
      setTrouble(messageOf(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title="Who vouches"
      description={`Whoever vouches for ${name} is asked about them, and may change what they get and end their part.`}
      onClose={close}
      returnTo={() => menuOf(guest)}
    >
      <form onSubmit={(event) => void save(event)}>
        <Choice label="Member" value={known ? sponsor : ""} onChange={setSponsor}>
          {!known && <option value="">Choose a member</option>}
          {may.map((member) => (
            <option key={member.id} value={member.id}>
              {member.name}
            </option>
          ))}
        </Choice>
        {(trouble || members.error) && <Trouble words={trouble || messageOf(members.error)} />}
        <DialogFoot>
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy} disabled={!known}>
            Save
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}

export function RemoveEverywhere({ guest }: { guest: Id }) {
  const close = (): void => openDialog({ kind: "guests" });
  const name = usePerson(guest)?.name ?? "";
  const [busy, setBusy] = useState(false);

  async function remove(): Promise<void> {
    setBusy(true);
    try {
      await removeGuestEverywhere(guest);
      close();
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={`Remove ${name} everywhere?`}
      description="Their part ends in every channel, those too that you don't see. What they wrote stays."
      onClose={close}
    >
      <DialogFoot>
        <Button onClick={close}>Keep</Button>
        <Button look="danger" busy={busy} onClick={() => void remove()}>
          Remove everywhere
        </Button>
      </DialogFoot>
    </Dialog>
  );
}

export function RemoveGuest({ channel, guest, from }: Props) {
  const close = backOf(from);
  const name = usePerson(guest)?.name ?? "";
  const place = useChannelName(channel);
  const [busy, setBusy] = useState(false);
  const gone = useRef(false);

  async function remove(): Promise<void> {
    setBusy(true);
    try {
      await removeGuest(channel, guest);
      gone.current = true;
      close();
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={`Remove ${name}?`}
      description={`They get no more mail of #${place}, and what they answer no longer comes here. What they wrote stays.`}
      onClose={close}
      // The guest's row goes in the same moment, and would take the focus along.
      returnTo={() => (gone.current ? document.querySelector<HTMLElement>("[data-composer]") : menuOf(guest))}
    >
      <DialogFoot>
        <Button onClick={close}>Keep</Button>
        <Button look="danger" busy={busy} onClick={() => void remove()}>
          Remove
        </Button>
      </DialogFoot>
    </Dialog>
  );
}
