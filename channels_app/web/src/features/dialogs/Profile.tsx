/** One's own name and password. */
import { type FormEvent, useState } from "react";
import { me as meApi } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import { closeDialog } from "../../app/ui";
import { store } from "../../data/store";
import { Button } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { complain, tell } from "../../ui/toasts";
import { Trouble } from "../signin/Card";
import css from "./dialogs.module.css";

export function Profile() {
  return (
    <Dialog title="Name and password" onClose={closeDialog}>
      <NameForm />
      <PasswordForm />
    </Dialog>
  );
}

function NameForm() {
  const [name, setName] = useState(() => store.getState().me?.name ?? "");
  function save(event: FormEvent): void {
    event.preventDefault();
    meApi.change({ name }).then(() => tell("Your name is saved"), complain);
  }
  return (
    <form className={`${css.part} ${css.inline}`} onSubmit={save}>
      <Field
        label="Your name"
        required
        autoComplete="name"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <Button type="submit">Save</Button>
    </form>
  );
}

function PasswordForm() {
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");

  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setTrouble("");
    try {
      await meApi.change({ password: { old, new: next } });
      tell("Your password is changed");
      closeDialog();
    } catch (error) {
      setTrouble(messageOf(error));
      setBusy(false);
    }
  }

  return (
    <form className={css.part} onSubmit={(event) => void save(event)}>
      <Field
        label="Current password"
        type="password"
        autoComplete="current-password"
        required
        value={old}
        onChange={(event) => setOld(event.target.value)}
      />
      <Field
        label="New password"
        type="password"
        autoComplete="new-password"
        required
        value={next}
        onChange={(event) => setNext(event.target.value)}
      />
      {trouble && <Trouble words={trouble} />}
      <DialogFoot>
        <Button type="submit" look="primary" busy={busy}>
          Change password
        </Button>
      </DialogFoot>
    </form>
  );
}
