/** The tray: strangers who wrote to us by mail, and what we say to that. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { requests } from "../../api/endpoints";
import type { ContactRequest, Id } from "../../api/types";
import { closeDialog } from "../../app/ui";
import { useData } from "../../data/store";
import { agoOf } from "../../text/time";
import { Dialog } from "../../ui/Dialog";
import { useNow } from "../../ui/now";
import dialogs from "../dialogs/dialogs.module.css";
import { Blocked } from "./Blocked";
import { Request } from "./Request";
import css from "./requests.module.css";

export function Requests() {
  const open = useData((state) => state.strangers);
  const [chosen, choose] = useState<Id | null>(null);
  const request = open[chosen ?? ""];
  return (
    <Dialog
      title={request ? request.name : "Requests"}
      description={request ? "" : "Mail from people who are not known here. They hear nothing until you answer them."}
      onClose={closeDialog}
      wide
    >
      {request ? <Request key={request.id} request={request} back={() => choose(null)} /> : <Tray choose={choose} />}
    </Dialog>
  );
}

function Tray({ choose }: { choose: (id: Id) => void }) {
  const open = useData((state) => state.strangers);
  const rows = Object.values(open).sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  const tray = useQuery({ queryKey: ["requests"], queryFn: requests.tray });
  return (
    <>
      <ul className={css.tray} aria-label="Requests">
        {rows.map((request) => (
          <li key={request.id}>
            <Row request={request} choose={choose} />
          </li>
        ))}
      </ul>
      {rows.length === 0 && <p className={dialogs.none}>Nobody is waiting.</p>}
      {tray.data && (
        <p className={css.note}>
          People outside write to you at <span className={css.address}>{tray.data.address}</span>
        </p>
      )}
      <Blocked />
    </>
  );
}

function Row({ request, choose }: { request: ContactRequest; choose: (id: Id) => void }) {
  const now = useNow();
  const { id, name, email, subject, preview, mails, updated_at } = request;
  return (
    <button type="button" className={css.request} onClick={() => choose(id)}>
      <span className={css.top}>
        <strong dir="auto">{name}</strong>
        <small>{agoOf(updated_at, now)}</small>
      </span>
      <span className={css.address}>{email}</span>
      <span className={css.preview} dir="auto">
        <strong>{subject || "(no subject)"}</strong> {preview}
        {mails > 1 && ` (${mails} mails)`}
      </span>
    </button>
  );
}
