/** Who asks to be a guest of a channel, with the two answers there are. */
import { useState } from "react";
import type { GuestRequest, Id } from "../../api/types";
import { useChannelName } from "../../data/names";
import { useData } from "../../data/store";
import { answerRequest } from "../../data/verbs";
import { agoOf } from "../../text/time";
import { Button } from "../../ui/Button";
import { complain, tell } from "../../ui/toasts";
import css from "./Requests.module.css";

/** Those of one channel. */
export function Requests({ channel }: { channel: Id }) {
  const requests = useData((state) => state.requests);
  const here = Object.values(requests).filter((request) => request.channel === channel);
  return here.length === 0 ? null : <RequestList requests={here} />;
}

export function RequestList({ requests, named = false }: { requests: readonly GuestRequest[]; named?: boolean }) {
  return (
    <ul className={css.list} data-named={named} aria-label="Asking to join">
      {[...requests]
        .sort((a, b) => a.asked_at.localeCompare(b.asked_at))
        .map((request) => (
          <Asked key={request.id} request={request} named={named} />
        ))}
    </ul>
  );
}

function Asked({ request, named }: { request: GuestRequest; named: boolean }) {
  const place = useChannelName(request.channel);
  const [busy, setBusy] = useState(false);

  async function answer(yes: boolean): Promise<void> {
    setBusy(true);
    try {
      await answerRequest(request.id, yes);
      tell(yes ? `${request.name} is a guest of #${place}` : `${request.name} was declined`);
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }

  return (
    <li className={css.request}>
      <div className={css.words}>
        <strong>{request.name}</strong>
        <small>{request.email}</small>
        <small>
          Asks to join{named && ` #${place}`} · {agoOf(request.asked_at, Date.now())}
        </small>
      </div>
      <div className={css.answers}>
        <Button disabled={busy} aria-label={`Decline ${request.name}`} onClick={() => void answer(false)}>
          Decline
        </Button>
        <Button look="primary" busy={busy} aria-label={`Approve ${request.name}`} onClick={() => void answer(true)}>
          Approve
        </Button>
      </div>
    </li>
  );
}
