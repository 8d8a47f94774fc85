/** Passwords for mail programs: each is shown once, and taken back alone. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { me as meApi } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { NewAppPassword } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { agoOf } from "../../text/time";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { useNow } from "../../ui/now";
import { Spinner } from "../../ui/Splash";
import { complain } from "../../ui/toasts";
import css from "./dialogs.module.css";
import { Values } from "./Values";

const KEY = ["app-passwords"];

export function AppPasswords() {
  const queries = useQueryClient();
  const list = useQuery({ queryKey: KEY, queryFn: () => meApi.appPasswords(), staleTime: 0 });
  const now = useNow();
  const [name, setName] = useState("");
  const [made, setMade] = useState<NewAppPassword | null>(null);

  async function make(event: FormEvent): Promise<void> {
    event.preventDefault();
    try {
      setMade(await meApi.newAppPassword(name.trim()));
      setName("");
      await queries.invalidateQueries({ queryKey: KEY });
    } catch (error) {
      complain(error);
    }
  }
  async function drop(id: string): Promise<void> {
    try {
      await meApi.dropAppPassword(id);
      if (made?.id === id) setMade(null);
      await queries.invalidateQueries({ queryKey: KEY });
    } catch (error) {
      complain(error);
    }
  }

  return (
    <Dialog
      title="App passwords"
      description="One for each mail program, so that you can take them back one by one."
      onClose={closeDialog}
      wide
    >
      {made && (
        <>
          <Values
            values={[
              { label: "IMAP server", value: made.imap.host },
              { label: "Port", value: String(made.imap.port) },
              { label: "User name", value: made.username },
              { label: "Password", value: made.password, code: true },
            ]}
          />
          <p className={css.once}>
            <Icon name="key" size={18} /> Copy the password now: it is shown only once.
          </p>
        </>
      )}
      <form className={css.inline} onSubmit={(event) => void make(event)}>
        <Field
          label="New password for"
          placeholder="Thunderbird on my laptop"
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" look="primary">
          Create
        </Button>
      </form>
      <div className={css.gap} />
      {list.isPending && <Spinner />}
      {list.isError && <p>{messageOf(list.error)}</p>}
      <ul className={css.rows}>
        {list.data?.items.map((one) => (
          <li key={one.id} className={css.row}>
            <span className={css.main}>
              <Icon name="key" />
              <span>
                <strong>{one.name}</strong>
                <small>Made {agoOf(one.created_at, now)}</small>
              </span>
            </span>
            <Button look="quiet" onClick={() => void drop(one.id)}>
              Revoke
            </Button>
          </li>
        ))}
      </ul>
      {list.data?.items.length === 0 && <p className={css.none}>No app passwords yet.</p>}
    </Dialog>
  );
}
