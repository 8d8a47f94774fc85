/** Codes by which Delta Chat joins a channel, encrypted: scanned from this page, or followed as a link. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { channels } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { JoinCode as Code, Id } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useChannelName } from "../../data/names";
import { dateOf } from "../../text/time";
import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { Icon } from "../../ui/Icon";
import { useNow } from "../../ui/now";
import { Spinner } from "../../ui/Splash";
import { complain } from "../../ui/toasts";
import { encryptedWords } from "../people/guests";
import css from "./dialogs.module.css";
import { Values } from "./Values";

export function JoinCode({ channel }: { channel: Id }) {
  const place = useChannelName(channel);
  const queries = useQueryClient();
  const key = ["join-codes", channel];
  const list = useQuery({ queryKey: key, queryFn: () => channels.joinCodes(channel), staleTime: 0 });
  const [count, setCount] = useState("1");
  const [shown, setShown] = useState<Code | null>(null);

  async function make(event: FormEvent): Promise<void> {
    event.preventDefault();
    try {
      setShown(await channels.newJoinCode(channel, { most_uses: Number(count) }));
      await queries.invalidateQueries({ queryKey: key });
    } catch (error) {
      complain(error);
    }
  }
  async function drop(id: Id): Promise<void> {
    try {
      await channels.dropJoinCode(channel, id);
      if (shown?.id === id) setShown(null);
      await queries.invalidateQueries({ queryKey: key });
    } catch (error) {
      complain(error);
    }
  }

  return (
    <Dialog
      title="Invite by Delta Chat"
      description={`Whoever scans a code with Delta Chat, or follows its link, joins #${place} as a guest of yours.`}
      onClose={closeDialog}
    >
      {shown && <Shown code={shown} />}
      <p className={css.once}>
        <Icon name="lock" size={18} /> {encryptedWords}
      </p>
      <form className={css.inline} onSubmit={(event) => void make(event)}>
        <Field
          label="For how many people"
          type="number"
          required
          min={1}
          max={500}
          value={count}
          onChange={(event) => setCount(event.target.value)}
        />
        <Button type="submit" look="primary">
          Make a code
        </Button>
      </form>
      <div className={css.gap} />
      {list.isPending && <Spinner />}
      {list.isError && <p>{messageOf(list.error)}</p>}
      <ul className={css.rows}>
        {list.data?.items.map((one) => (
          <Row key={one.id} code={one} onShow={() => setShown(one)} onDrop={() => void drop(one.id)} />
        ))}
      </ul>
    </Dialog>
  );
}

function Shown({ code }: { code: Code }) {
  return (
    <div className={css.shown}>
      <img
        className={css.code}
        alt="A QR code to scan with Delta Chat"
        src={`data:image/svg+xml,${encodeURIComponent(code.svg)}`}
      />
      <Values values={[{ label: "Link", value: code.link, code: true }]} />
    </div>
  );
}

function Row({ code, onShow, onDrop }: { code: Code; onShow: () => void; onDrop: () => void }) {
  const now = useNow();
  const people = code.most_uses === 1 ? "For one person" : `For ${code.most_uses} people, ${code.uses} came`;
  return (
    <li className={css.row}>
      <button type="button" className={css.main} onClick={onShow}>
        <Icon name="lock" />
        <span>
          <strong>{people}</strong>
          <small>until {dateOf(code.expires_at, now)}</small>
        </span>
      </button>
      <IconButton size="s" icon="trash" label="Take this code back" onClick={onDrop} />
    </li>
  );
}
