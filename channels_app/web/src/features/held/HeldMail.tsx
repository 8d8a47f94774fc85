/** One mail that was kept back: why, what is in it, and what becomes of it. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { quarantine } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { Held, Id } from "../../api/types";
import { askAgain } from "../../data/again";
import { useData } from "../../data/store";
import { fullTimeOf } from "../../text/time";
import { Button } from "../../ui/Button";
import buttons from "../../ui/Button.module.css";
import { Icon } from "../../ui/Icon";
import { Spinner } from "../../ui/Splash";
import { complain, tell } from "../../ui/toasts";
import { Letter } from "../requests/Letter";
import requests from "../requests/requests.module.css";
import css from "./held.module.css";
import { placeOf } from "./place";

export function HeldMail({ held, org, back }: { held: Held; org: Id; back: () => void }) {
  const queries = useQueryClient();
  const place = useData((state) => placeOf(held, state));
  const [busy, setBusy] = useState(false);
  const { id, readable, person } = held;

  async function settle(work: Promise<unknown>, words: string): Promise<void> {
    setBusy(true);
    try {
      await work;
      tell(words);
      back();
      await askAgain(queries, ["held"]);
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }
  const release = () =>
    settle(quarantine.release(org, id), person ? `It waits for ${place} now` : `It is posted in ${place}`);
  const remove = () => settle(quarantine.remove(org, id), "Deleted");

  return (
    <>
      <p className={requests.address}>{held.sender || "(no sender)"}</p>
      <p className={css.where}>
        for {place} · {fullTimeOf(held.at)}
      </p>
      <p className={css.why}>Held back: {held.why}</p>
      {readable ? (
        <Content held={held} org={org} />
      ) : (
        <p className={requests.note}>
          {person
            ? `Only ${place} can read it. Released, it waits in their requests.`
            : "Only who is in this conversation can read or release it."}
        </p>
      )}
      <footer className={requests.acts}>
        <Button look="quiet" onClick={back}>
          <Icon name="back" size={18} /> All held mail
        </Button>
        {readable && (
          <a className={`${buttons.button} ${buttons.quiet}`} href={quarantine.raw(org, id)} download>
            <Icon name="download" size={18} /> Download
          </a>
        )}
        <Button busy={busy} onClick={() => void remove()}>
          Delete
        </Button>
        {(readable || person) && (
          <Button look="primary" busy={busy} onClick={() => void release()}>
            {person ? "Let it in" : "Post it"}
          </Button>
        )}
      </footer>
    </>
  );
}

function Content({ held, org }: { held: Held; org: Id }) {
  const mail = useQuery({ queryKey: ["held-mail", held.id], queryFn: () => quarantine.get(org, held.id) });
  if (mail.isPending) return <Spinner />;
  if (mail.isError) return <p>{messageOf(mail.error)}</p>;
  const { subject, html, files, headers, from_name } = mail.data;
  return (
    <div className={requests.letters}>
      <Letter subject={subject} came={from_name ? `From “${from_name}”` : ""} html={html} files={files} />
      <details className={css.headers}>
        <summary>All headers</summary>
        <dl>
          {headers.map(({ name, value }, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a header may come twice, and none ever moves
            <div key={`${at} ${name}`}>
              <dt>{name}: </dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </div>
  );
}
