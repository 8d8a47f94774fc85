/** A guest by mail: whoever has an address takes part in the channel, with nothing but that. */
import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Channel, Id } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { listNames, useChannelName } from "../../data/names";
import { useData } from "../../data/store";
import { inviteGuest } from "../../data/verbs";
import { endOfDay } from "../../text/time";
import { Button } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { tell } from "../../ui/toasts";
import { mayInvite } from "../people/guests";
import { kindIcon } from "../sidebar/Row";
import { Trouble } from "../signin/Card";
import { placed } from "../signin/placed";
import { useForm } from "../signin/useForm";
import css from "./dialogs.module.css";
import { days } from "./Guest";

/** The channels one may invite to, the one where one is first. */
function useInvitable(here: Id): readonly Channel[] {
  const channels = useData((state) => state.channels);
  const me = useData((state) => state.me);
  const org = useData((state) => state.org);
  return useMemo(
    () =>
      Object.values(channels)
        .filter((channel) => me !== null && mayInvite(channel, me, org))
        .sort((a, b) => Number(b.id === here) - Number(a.id === here) || a.name.localeCompare(b.name)),
    [channels, me, org, here],
  );
}

export function InviteGuest({ channel }: { channel: Id }) {
  const place = useChannelName(channel);
  const open = useInvitable(channel);
  const [chosen, setChosen] = useState<readonly Id[]>([channel]);
  const [refused, setRefused] = useState<Readonly<Record<Id, string>>>({});
  const form = useForm({ email: "", name: "", expires_at: "" });
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const words = chosen.length === 1 && chosen[0] === channel ? `#${place}` : "these channels";
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
      const guest = await inviteGuest({
        email,
        channels: [...chosen],
        ...(name.trim() ? { name } : {}),
        ...(until ? { expires_at: endOfDay(until) } : {}),
      });
      const where = guest.seats.map((seat) => `#${seat.channel_name}`);
      tell(`${guest.name} is a guest of ${listNames(where)}`);
      closeDialog();
    } catch (error) {
      const { at, rest } = placed(error, chosen);
      setRefused(at);
      setTrouble(Object.keys(at).length > 0 ? rest : form.place(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title="Invite a guest by mail"
      description={`They get one welcome mail, then every message of ${words} as mail; what they answer comes here.`}
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
        {open.length > 1 && (
          <fieldset className={css.places}>
            <legend>Channels</legend>
            <ul>
              {open.map(({ id, name, kind }) => (
                <li key={id}>
                  <label>
                    <input
                      type="checkbox"
                      checked={chosen.includes(id)}
                      onChange={() => {
                        setChosen((all) => (all.includes(id) ? all.filter((one) => one !== id) : [...all, id]));
                        setRefused({});
                      }}
                    />
                    <Icon name={kindIcon[kind]} size={16} />
                    <span>{name}</span>
                  </label>
                  {refused[id] && <small role="alert">{refused[id]}</small>}
                </li>
              ))}
            </ul>
          </fieldset>
        )}
        {open.length <= 1 && refused[channel] && <Trouble words={refused[channel]} />}
        {trouble && <Trouble words={trouble} />}
        <DialogFoot>
          <Button onClick={closeDialog}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy} disabled={chosen.length === 0}>
            Invite
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}
