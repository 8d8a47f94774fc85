/** One stranger, what they wrote, and the three things one can say to it. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { requests } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { ContactRequest } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { acceptRequest, blockRequest, declineRequest, takeChannel } from "../../data/verbs";
import { agoOf } from "../../text/time";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { useNow } from "../../ui/now";
import { Spinner } from "../../ui/Splash";
import { complain, tell } from "../../ui/toasts";
import { Letter } from "./Letter";
import css from "./requests.module.css";

export function Request({ request, back }: { request: ContactRequest; back: () => void }) {
  const { id, name, email, mails } = request;
  // Another mail of theirs makes it another answer.
  const whole = useQuery({ queryKey: ["request", id, mails], queryFn: () => requests.get(id) });
  const [busy, setBusy] = useState(false);
  const [, go] = useLocation();
  const now = useNow();

  async function attempt(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      complain(error);
    }
    setBusy(false);
  }
  const accept = () =>
    attempt(async () => {
      const channel = await acceptRequest(id);
      takeChannel(channel);
      closeDialog();
      go(`/c/${channel.id}`);
    });
  const decline = () => attempt(() => declineRequest(id));
  const block = () =>
    attempt(async () => {
      await blockRequest(id);
      tell(`${email} is blocked`);
    });

  return (
    <>
      <p className={css.address}>{email}</p>
      <div className={css.letters}>
        {whole.isPending && <Spinner />}
        {whole.isError && <p>{messageOf(whole.error)}</p>}
        {whole.data?.letters.map((letter) => (
          <Letter key={letter.at} {...letter} came={agoOf(letter.at, now)} />
        ))}
      </div>
      <p className={css.note}>
        If you accept, {name} joins a direct conversation as a guest by mail.
        {whole.data?.letters.some(({ files }) => files.length > 0) && " Files can be opened then."}
      </p>
      <footer className={css.acts}>
        <Button look="quiet" onClick={back}>
          <Icon name="back" size={18} /> All requests
        </Button>
        <Button look="quiet" busy={busy} onClick={() => void block()}>
          Block
        </Button>
        <Button busy={busy} onClick={() => void decline()}>
          Decline
        </Button>
        <Button look="primary" busy={busy} onClick={() => void accept()}>
          Accept
        </Button>
      </footer>
    </>
  );
}
