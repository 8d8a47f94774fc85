/** A new channel: its name, what it is about, and who may see it. */
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { channels } from "../../api/endpoints";
import type { ChannelKind } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { takeChannel } from "../../data/verbs";
import { Button } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { kindIcon } from "../sidebar/Row";
import { Trouble } from "../signin/Card";
import { useForm } from "../signin/useForm";
import css from "./dialogs.module.css";

const kinds: { kind: ChannelKind; title: string; words: string }[] = [
  { kind: "public", title: "Public", words: "Everybody in the organization may read and join." },
  { kind: "private", title: "Private", words: "Only who is invited sees it." },
  { kind: "announcement", title: "Announcements", words: "Everybody reads, admins write." },
];

export function CreateChannel() {
  const form = useForm({ name: "", topic: "" });
  const [kind, setKind] = useState<ChannelKind>("public");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [, go] = useLocation();

  async function create(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      const channel = await channels.create({ ...form.values, name: form.values.name.trim(), kind });
      takeChannel(channel);
      closeDialog();
      go(`/c/${channel.id}`);
    } catch (error) {
      setTrouble(form.place(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title="Create a channel"
      description="A channel is about one thing: a team, a project, a topic."
      onClose={closeDialog}
    >
      <form onSubmit={(event) => void create(event)}>
        <Field label="Name" placeholder="garden-plans" required autoFocus autoComplete="off" {...form.field("name")} />
        <Field label="Topic (optional)" placeholder="What it is about" autoComplete="off" {...form.field("topic")} />
        <fieldset className={css.kinds}>
          <legend>Who is it for?</legend>
          {kinds.map((one) => (
            <label key={one.kind} className={css.kind}>
              <input type="radio" name="kind" checked={kind === one.kind} onChange={() => setKind(one.kind)} />
              <Icon name={kindIcon[one.kind]} />
              <span>
                <strong>{one.title}</strong>
                <small>{one.words}</small>
              </span>
            </label>
          ))}
        </fieldset>
        {trouble && <Trouble words={trouble} />}
        <DialogFoot>
          <Button onClick={closeDialog}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            Create channel
          </Button>
        </DialogFoot>
      </form>
    </Dialog>
  );
}
