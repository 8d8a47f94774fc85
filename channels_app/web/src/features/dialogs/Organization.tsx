/** What holds for the whole organization. */
import { useState } from "react";
import type { Org } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useData } from "../../data/store";
import { changeInviters } from "../../data/verbs";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { complain, tell } from "../../ui/toasts";
import css from "./dialogs.module.css";

type Inviters = Org["guest_invites"];

const inviters = [
  { value: "members", icon: "people", title: "Members", words: "Each into the channels they are in." },
  { value: "admins", icon: "lock", title: "Admins alone", words: "Members ask them; links of members end." },
] as const;

export function Organization() {
  const org = useData((state) => state.org);
  const [busy, setBusy] = useState(false);

  async function choose(value: Inviters): Promise<void> {
    setBusy(true);
    try {
      await changeInviters(value);
      tell("Saved");
    } catch (error) {
      complain(error);
    }
    setBusy(false);
  }

  return (
    <Dialog title={`Settings of ${org?.name ?? ""}`} onClose={closeDialog}>
      <fieldset className={css.kinds} aria-busy={busy}>
        <legend>Who may invite guests by mail?</legend>
        {inviters.map(({ value, icon, title, words }) => (
          <label key={value} className={css.kind}>
            <input
              type="radio"
              name="guest_invites"
              checked={org?.guest_invites === value}
              onChange={() => void choose(value)}
            />
            <Icon name={icon} />
            <span>
              <strong>{title}</strong>
              <small>{words}</small>
            </span>
          </label>
        ))}
      </fieldset>
    </Dialog>
  );
}
