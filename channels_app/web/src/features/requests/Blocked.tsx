/** The addresses we do not want to hear of, each to be taken back. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { requests } from "../../api/endpoints";
import { askAgain } from "../../data/again";
import { onEvent } from "../../data/engine";
import { Button } from "../../ui/Button";
import { attempt } from "../../ui/toasts";
import css from "./requests.module.css";

const KEY = ["blocked"];

export function Blocked() {
  const queries = useQueryClient();
  const list = useQuery({ queryKey: KEY, queryFn: requests.blocked, staleTime: 0 });
  useEffect(
    () =>
      onEvent((events) => {
        if (events.some(({ kind }) => kind === "request.blocked" || kind === "request.unblocked"))
          void askAgain(queries, KEY);
      }),
    [queries],
  );
  const items = list.data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <section className={css.blocked}>
      <h3>Blocked</h3>
      <ul aria-label="Blocked addresses">
        {items.map(({ id, email }) => (
          <li key={id}>
            <span className={css.address}>{email}</span>
            <Button
              look="quiet"
              aria-label={`Unblock ${email}`}
              onClick={() => attempt(requests.unblock(id).then(() => askAgain(queries, KEY)))}
            >
              Unblock
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
