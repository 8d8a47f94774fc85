/** From messages to rows: where a day begins, where the new ones begin, who goes on speaking. Pure. */
import type { Id, Origin } from "../../api/types";
import type { Pending } from "../../data/outbox";
import type { Known } from "../../data/state";
import { dayNumber } from "../../text/time";

interface Base {
  key: string;
  /** The first row of a day carries its time; the line above it names the day. */
  day: string | null;
  isNew: boolean;
  /** Shows its author: not a continuation of the row above. */
  first: boolean;
}

export type Row = Base & ({ kind: "message"; message: Known } | { kind: "pending"; post: Pending });

export interface Input {
  messages: readonly Known[];
  pending: readonly Pending[];
  /** The new ones begin after this seq; null when there is no line to draw. */
  newAfter: number | null;
  me: Id;
  keyOf: (message: Id) => string;
  /** When that was said which stands above all rows, if something does: its day needs no name. */
  since?: string;
}

const TOGETHER = 5 * 60_000;

export const byMail = (origin: Origin): boolean => origin === "imap" || origin === "mail";

export function rowsOf({ messages, pending, newAfter, me, keyOf, since }: Input): Row[] {
  const rows: Row[] = [];
  let day = since === undefined ? Number.NaN : dayNumber(since);
  let author = "";
  let at = 0;
  let mailed = false;
  let drawn = newAfter === null;
  for (const message of messages) {
    const time = Date.parse(message.created_at);
    const today = dayNumber(time);
    const isNew = !drawn && message.seq > (newAfter ?? 0) && message.author !== me;
    if (isNew) drawn = true;
    // Who goes on by mail is named again, with the mark that says so.
    const turns = byMail(message.origin) !== mailed;
    const apart = today !== day || isNew || turns || message.author !== author || time - at > TOGETHER;
    rows.push({
      kind: "message",
      key: keyOf(message.id),
      message,
      day: today === day ? null : message.created_at,
      isNew,
      first: apart || message.also_to_channel,
    });
    day = today;
    author = message.deleted ? "" : message.author;
    mailed = byMail(message.origin);
    at = time;
  }
  for (const post of pending) {
    const today = dayNumber(post.at);
    rows.push({
      kind: "pending",
      key: post.client_id,
      post,
      day: today === day ? null : new Date(post.at).toISOString(),
      isNew: false,
      first: today !== day || mailed || author !== me || post.at - at > TOGETHER,
    });
    day = today;
    author = me;
    mailed = false;
    at = post.at;
  }
  return rows;
}
