/** Choosing people: for a direct conversation, or to add them to a channel. */
import { type KeyboardEvent, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { channels } from "../../api/endpoints";
import type { Id, Person } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useChannelName, useMe } from "../../data/names";
import { useData } from "../../data/store";
import { takeChannel } from "../../data/verbs";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { complain, tell } from "../../ui/toasts";
import { rankOf } from "../composer/complete";
import css from "./dialogs.module.css";

const MOST_SHOWN = 60;

export function NewDirect() {
  const [, go] = useLocation();
  return (
    <Choose
      title="New direct message"
      description="Write to one person, or to a few at once."
      verb="Start"
      most={8}
      onDone={async (members) => {
        const channel = await channels.create({ kind: "direct", name: "", members });
        takeChannel(channel);
        go(`/c/${channel.id}`);
      }}
    />
  );
}

export function AddPeople({ channel }: { channel: Id }) {
  const name = useChannelName(channel);
  return (
    <Choose
      title={`Add people to ${name}`}
      description="They see what was written before, and get the channel's mail folder."
      verb="Add"
      most={200}
      onDone={async (people) => {
        await channels.addMembers(channel, people);
        tell(people.length === 1 ? "One person added" : `${people.length} people added`);
      }}
    />
  );
}

interface Props {
  title: string;
  description: string;
  verb: string;
  most: number;
  onDone: (people: Id[]) => Promise<void>;
}

function Choose({ title, description, verb, most, onDone }: Props) {
  const me = useMe();
  const people = useData((state) => state.people);
  const [wanted, setWanted] = useState("");
  const [chosen, setChosen] = useState<Id[]>([]);
  const [at, setAt] = useState(0);
  const [busy, setBusy] = useState(false);
  const found = useMemo(() => ranked(Object.values(people), wanted, me), [people, wanted, me]);

  function toggle(id: Id): void {
    setChosen((all) => (all.includes(id) ? all.filter((one) => one !== id) : [...all, id].slice(0, most)));
    setWanted("");
    setAt(0);
  }
  async function done(): Promise<void> {
    setBusy(true);
    try {
      await onDone(chosen);
      closeDialog();
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }
  function onKeyDown(event: KeyboardEvent): void {
    const person = found[at];
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter" && (event.ctrlKey || (wanted === "" && chosen.length > 0))) void done();
    else if (event.key === "Enter" && person) toggle(person.id);
    else if (event.key === "Backspace" && wanted === "") setChosen((all) => all.slice(0, -1));
    else return;
    if (event.key !== "Backspace") event.preventDefault();
  }

  return (
    <Dialog title={title} description={description} onClose={closeDialog}>
      <div className={css.chosen}>
        {chosen.map((id) => (
          <button
            key={id}
            type="button"
            className={css.chip}
            aria-label={`Remove ${people[id]?.name}`}
            onClick={() => toggle(id)}
          >
            {people[id]?.name}
            <Icon name="close" size={16} />
          </button>
        ))}
        <input
          autoFocus
          value={wanted}
          placeholder={chosen.length === 0 ? "Name or e-mail" : ""}
          aria-label="Find people"
          onChange={(event) => {
            setWanted(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ul className={css.rows}>
        {found.map((person, n) => (
          <li key={person.id} className={css.row} data-at={n === at}>
            <button
              type="button"
              className={css.main}
              aria-pressed={chosen.includes(person.id)}
              onClick={() => toggle(person.id)}
            >
              <Avatar id={person.id} name={person.name} size={32} presence />
              <span>
                <strong>{person.name}</strong>
                <small>{person.email}</small>
              </span>
              {chosen.includes(person.id) && <Icon name="check" />}
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className={css.none}>Nobody is called that.</p>}
      <DialogFoot>
        <Button onClick={closeDialog}>Cancel</Button>
        <Button look="primary" busy={busy} disabled={chosen.length === 0} onClick={() => void done()}>
          {verb}
        </Button>
      </DialogFoot>
    </Dialog>
  );
}

function ranked(people: readonly Person[], wanted: string, me: Id): Person[] {
  return people
    .filter((person) => person.active !== false && person.id !== me)
    .map((person) => ({ person, rank: rankOf(wanted, person.name, person.email) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank || a.person.name.localeCompare(b.person.name))
    .slice(0, MOST_SHOWN)
    .map(({ person }) => person);
}
