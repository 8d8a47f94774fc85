/** Links by which people ask to be guests of a channel: those there are, and a new one. */
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { guestLinks } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { GuestLink, Id, NewGuestLink } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useChannelName, usePerson } from "../../data/names";
import { useData } from "../../data/store";
import { dateOf, endOfDay } from "../../text/time";
import { Button, IconButton } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { Field } from "../../ui/Field";
import { Spinner } from "../../ui/Splash";
import { attempt, complain } from "../../ui/toasts";
import { isAdmin } from "../people/guests";
import { Trouble } from "../signin/Card";
import { useForm } from "../signin/useForm";
import { useRefreshed } from "../thread/MessageList";
import css from "./dialogs.module.css";
import { days } from "./Guest";
import own from "./GuestLinks.module.css";

export function GuestLinks({ channel }: { channel: Id }) {
  const place = useChannelName(channel);
  const key = ["guest-links", channel];
  useRefreshed(key, ["link.changed", "link.ended"]);
  const query = useQuery({ queryKey: key, queryFn: () => guestLinks.list(channel), staleTime: 0 });
  const again = (): void => void query.refetch();
  return (
    <Dialog
      title="Invitation links"
      description={`Whoever opens such a link asks to be a guest of #${place}, with their name and mail address.`}
      onClose={closeDialog}
    >
      {query.isPending && <Spinner />}
      {query.error && <p role="alert">{messageOf(query.error)}</p>}
      {query.data && query.data.items.length > 0 && (
        <ul className={own.links}>
          {query.data.items.map((link) => (
            <Made key={link.id} link={link} onGone={again} />
          ))}
        </ul>
      )}
      <Make channel={channel} onMade={again} />
    </Dialog>
  );
}

function Made({ link, onGone }: { link: GuestLink; onGone: () => void }) {
  const maker = usePerson(link.maker)?.name ?? "";
  const [busy, setBusy] = useState(false);
  const facts = [
    `by ${maker}`,
    link.approval ? "with approval" : "without approval",
    link.most === null ? `${link.came} joined` : `${link.came} of ${link.most} joined`,
    link.expires_at !== null && `until ${dateOf(link.expires_at, Date.now())}`,
  ];

  async function revoke(): Promise<void> {
    setBusy(true);
    try {
      await guestLinks.revoke(link.id);
      onGone();
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }

  return (
    <li className={own.link}>
      <div className={own.words}>
        <input readOnly value={link.url} aria-label="Link" onFocus={(event) => event.target.select()} />
        <small>{facts.filter(Boolean).join(" · ")}</small>
      </div>
      <IconButton
        size="s"
        icon="copy"
        label="Copy link"
        onClick={() => attempt(navigator.clipboard.writeText(link.url), "Link copied")}
      />
      <IconButton size="s" icon="trash" label="End this link" disabled={busy} onClick={() => void revoke()} />
    </li>
  );
}

function Make({ channel, onMade }: { channel: Id; onMade: () => void }) {
  const admin = useData(({ me }) => me !== null && isAdmin(me));
  const form = useForm({ most: "", expires_at: "" });
  const [approval, setApproval] = useState(true);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");

  async function make(event: FormEvent): Promise<void> {
    event.preventDefault();
    const { most, expires_at: until } = form.values;
    const body: NewGuestLink = { approval };
    if (most !== "") body.most = Number(most);
    if (until !== "") body.expires_at = endOfDay(until);
    setBusy(true);
    try {
      await guestLinks.make(channel, body);
      form.set({ most: "", expires_at: "" });
      setTrouble("");
      onMade();
    } catch (error) {
      setTrouble(form.place(error));
    }
    setBusy(false);
  }

  return (
    <form className={own.make} onSubmit={(event) => void make(event)}>
      <div className={own.pair}>
        <Field label="Last day (optional)" type="date" {...days()} {...form.field("expires_at")} />
        <Field
          label="For how many (optional)"
          type="number"
          min={1}
          max={1000}
          placeholder="Any number"
          {...form.field("most")}
        />
      </div>
      {admin && (
        <label className={own.check}>
          <input type="checkbox" checked={approval} onChange={(event) => setApproval(event.target.checked)} />
          <span>
            Somebody approves who asks
            <small>Without it, whoever has the link takes part at once.</small>
          </span>
        </label>
      )}
      {!admin && <p className={css.note}>You, or an admin of the channel, approve who asks.</p>}
      {trouble && <Trouble words={trouble} />}
      <DialogFoot>
        <Button onClick={closeDialog}>Close</Button>
        <Button type="submit" look="primary" busy={busy}>
          Make a link
        </Button>
      </DialogFoot>
    </form>
  );
}
