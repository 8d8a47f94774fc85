/** Ctrl+K: to any channel or person with a few letters. */
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { channels as channelsApi } from "../../api/endpoints";
import type { Channel, Person } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { channelName, othersIn } from "../../data/names";
import { useData } from "../../data/store";
import { takeChannel } from "../../data/verbs";
import { Avatar } from "../../ui/Avatar";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { complain } from "../../ui/toasts";
import { rankOf } from "../composer/complete";
import { kindIcon } from "../sidebar/Row";
import css from "./dialogs.module.css";

/** Who chose where to go wants to write there, not to be back where they came from. */
const composerBox = (): HTMLElement | null => document.querySelector("[data-composer]");

type Goal = { key: string; name: string; unread: boolean; rank: number } & ({ channel: Channel } | { person: Person });

const MOST = 12;

export function Switcher() {
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const [, go] = useLocation();
  const chosen = useRef(false);
  const goals = useGoals(wanted);

  async function take(goal: Goal | undefined): Promise<void> {
    if (!goal) return;
    chosen.current = true;
    closeDialog();
    try {
      const channel =
        "channel" in goal
          ? goal.channel
          : await channelsApi.create({ kind: "direct", name: "", members: [goal.person.id] });
      if (!("channel" in goal)) takeChannel(channel);
      go(`/c/${channel.id}`);
    } catch (error) {
      complain(error);
    }
  }
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "ArrowDown") setAt((at + 1) % Math.max(1, goals.length));
    else if (event.key === "ArrowUp") setAt((at - 1 + goals.length) % Math.max(1, goals.length));
    else if (event.key === "Enter") void take(goals[at]);
    else return;
    event.preventDefault();
  }

  return (
    <Dialog
      title="Go to a channel or person"
      onClose={closeDialog}
      returnTo={() => (chosen.current ? composerBox() : null)}
      bare
    >
      <div className={css.switch}>
        <Icon name="search" />
        <input
          autoFocus
          value={wanted}
          placeholder="Go to a channel or person"
          aria-label="Go to a channel or person"
          role="combobox"
          aria-expanded={goals.length > 0}
          aria-controls="switcher"
          aria-activedescendant={goals[at] ? `goal-${at}` : undefined}
          onChange={(event) => {
            setWanted(event.target.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <kbd>Esc</kbd>
      </div>
      <div className={css.goals} id="switcher" role="listbox" aria-label="Places">
        {goals.map((goal, n) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the text, which names the chosen option
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled where the focus is
          <div
            key={goal.key}
            id={`goal-${n}`}
            role="option"
            aria-selected={n === at}
            className={css.goal}
            data-unread={goal.unread}
            onPointerMove={() => n !== at && setAt(n)}
            onClick={() => void take(goal)}
          >
            <Mark goal={goal} />
            <span>{goal.name}</span>
          </div>
        ))}
        {goals.length === 0 && <p className={css.none}>Nothing is called that.</p>}
      </div>
    </Dialog>
  );
}

function Mark({ goal }: { goal: Goal }) {
  const me = useData((state) => state.me?.id ?? "");
  if ("person" in goal) return <Avatar id={goal.person.id} name={goal.name} size={24} presence />;
  if (goal.channel.kind === "direct")
    return <Avatar id={othersIn(goal.channel, me)[0] ?? me} name={goal.name} size={24} />;
  return <Icon name={kindIcon[goal.channel.kind]} />;
}

function useGoals(wanted: string): Goal[] {
  const channels = useData((state) => state.channels);
  const people = useData((state) => state.people);
  const me = useData((state) => state.me?.id ?? "");
  return useMemo(() => {
    const goals: Goal[] = [];
    const spoken = new Set<string>();
    for (const channel of Object.values(channels)) {
      if (channel.archived && wanted === "") continue;
      const name = channelName(channel, people, me);
      const others = channel.kind === "direct" ? othersIn(channel, me) : [];
      if (others.length === 1) spoken.add(others[0] ?? "");
      const unread = (channel.my?.unread ?? 0) > 0;
      const rank = rankOf(wanted, name) * 4 + Number(Boolean(channel.my)) + Number(unread) * 2;
      if (rankOf(wanted, name) > 0) goals.push({ key: channel.id, name, unread, rank, channel });
    }
    for (const person of Object.values(people)) {
      if (spoken.has(person.id) || person.id === me || person.active === false || wanted === "") continue;
      const rank = rankOf(wanted, person.name, person.email);
      if (rank > 0) goals.push({ key: person.id, name: person.name, unread: false, rank: rank * 4, person });
    }
    return goals.sort((a, b) => b.rank - a.rank || a.name.localeCompare(b.name)).slice(0, MOST);
  }, [channels, people, me, wanted]);
}
