/** A row of the timeline with the lines that stand above it. */
import { memo } from "react";
import { dayName } from "../../text/time";
import { useNow } from "../../ui/now";
import { Message } from "../message/Message";
import { PendingMessage } from "../message/PendingMessage";
import css from "./RowList.module.css";
import type { Row } from "./rows";

type Place = "channel" | "thread";

export const TimelineRow = memo(
  function TimelineRow({ row, place, flash }: { row: Row; place: Place; flash: boolean }) {
    return (
      <>
        {row.day && (
          <h2 className={css.day}>
            <Day of={row.day} />
          </h2>
        )}
        {row.isNew && <div className={css.new}>New</div>}
        {row.kind === "message" ? (
          <Message message={row.message} first={row.first} flash={flash} place={place} />
        ) : (
          <PendingMessage post={row.post} first={row.first} />
        )}
      </>
    );
  },
  (a, b) => a.flash === b.flash && a.place === b.place && sameRow(a.row, b.row),
);

function Day({ of }: { of: string }) {
  return <time dateTime={of}>{dayName(of, useNow())}</time>;
}

function sameRow(a: Row, b: Row): boolean {
  if (a.first !== b.first || a.day !== b.day || a.isNew !== b.isNew) return false;
  if (a.kind === "message") return b.kind === "message" && a.message === b.message;
  return b.kind === "pending" && a.post === b.post;
}
