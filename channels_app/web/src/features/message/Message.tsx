/** One message: who, when, what, and what may be done with it. */
import { memo, useRef, useState } from "react";
import { openPane, useUi } from "../../app/ui";
import { useMe, usePerson } from "../../data/names";
import type { Known } from "../../data/state";
import { isBigEmoji } from "../../text/html";
import { fullTimeOf, timeOf } from "../../text/time";
import { Avatar } from "../../ui/Avatar";
import { Icon } from "../../ui/Icon";
import { Files } from "../files/Files";
import { byMail } from "../timeline/rows";
import { Actions } from "./Actions";
import { Edited } from "./Edited";
import { EditForm } from "./EditForm";
import { useMessageKeys } from "./keys";
import css from "./Message.module.css";
import { Prose } from "./Prose";
import { Quoted } from "./Quoted";
import { Reactions } from "./Reactions";
import { Replies } from "./Replies";

export interface MessageProps {
  message: Known;
  first: boolean;
  flash?: boolean;
  place: "channel" | "thread" | "list";
}

export const Message = memo(function Message({ message, first, flash = false, place }: MessageProps) {
  const [active, setActive] = useState(false);
  const [held, setHeld] = useState(false);
  const row = useRef<HTMLElement>(null);
  const editing = useUi((state) => state.editing === message.id) && place !== "list";
  const me = useMe();
  const onKeyDown = useMessageKeys(message, me);
  const name = usePerson(message.author)?.name ?? message.author_name;
  const calls = message.mentions.includes(me) || message.mentions_all !== null;
  return (
    <article
      ref={row}
      className={css.message}
      data-first={first}
      data-flash={flash}
      data-calls={calls && message.author !== me}
      data-held={held}
      data-editing={editing}
      data-message={message.id}
      // A conversation is one stop of the Tab key; inside it the arrows go from message to message.
      tabIndex={place === "list" ? 0 : -1}
      aria-label={`${name}, ${timeOf(message.created_at)}`}
      onPointerEnter={() => setActive(true)}
      onPointerLeave={() => setActive(false)}
      onFocus={() => setActive(true)}
      onBlur={(event) => !row.current?.contains(event.relatedTarget) && setActive(false)}
      onKeyDown={onKeyDown}
    >
      {first ? (
        <span className={css.side}>
          <Avatar id={message.author} name={name} />
        </span>
      ) : (
        <time className={css.side} dateTime={message.created_at} title={fullTimeOf(message.created_at)}>
          {timeOf(message.created_at)}
        </time>
      )}
      <div className={css.body}>
        {(first || isMarked(message)) && <Head message={message} name={name} place={place} />}
        {message.deleted ? (
          <p className={css.gone}>This message was deleted.</p>
        ) : editing ? (
          <EditForm message={message} />
        ) : (
          <Content message={message} me={me} />
        )}
        {!message.deleted && message.reactions.length > 0 && <Reactions message={message} />}
        {message.replies && place === "channel" && <Replies message={message} />}
      </div>
      {(active || held) && !message.deleted && !editing && <Actions message={message} place={place} onHold={setHeld} />}
    </article>
  );
});

/** A message that goes on from the one above it has a head too when there is something to say of it alone. */
const isMarked = ({ origin, pinned, deleted }: Known): boolean => !deleted && (byMail(origin) || pinned !== null);

function Head({ message, name, place }: { message: Known; name: string; place: MessageProps["place"] }) {
  return (
    <header className={css.head}>
      <Byline name={name} at={message.created_at} />
      <MailMark message={message} />
      {message.pinned && (
        <span className={css.mark}>
          <Icon name="pin" size={16} /> pinned
        </span>
      )}
      {message.thread !== null && place !== "thread" && (
        <button
          type="button"
          className={css.mark}
          onClick={() => message.thread && openPane({ kind: "thread", root: message.thread, at: message.id })}
        >
          <Icon name="thread" size={16} /> from a thread
        </button>
      )}
    </header>
  );
}

/** That somebody is a guest, or wrote by mail, or both. */
function MailMark({ message }: { message: Known }) {
  const guest = usePerson(message.author)?.role === "guest";
  const mailed = byMail(message.origin);
  if (!guest && !mailed) return null;
  return (
    <span className={css.mark} title={mailed ? "Written in a mail program" : "A guest of this channel"}>
      <Icon name="mail" size={16} /> {[guest && "guest", mailed && "by mail"].filter(Boolean).join(", ")}
    </span>
  );
}

/** Who said it, and when: the name gives way where there is little room. */
export function Byline({ name, at }: { name: string; at: string }) {
  return (
    <span className={css.byline}>
      <bdi className={css.author}>{name}</bdi>
      <time dateTime={at} title={fullTimeOf(at)}>
        {timeOf(at)}
      </time>
    </span>
  );
}

function Content({ message, me }: { message: Known; me: string }) {
  return (
    <>
      {message.text !== "" && (
        <div className={css.words} data-edited={message.edited_at !== null}>
          <Prose html={message.html} me={me} className={isBigEmoji(message.text) ? (css.big ?? "") : ""} />
          {message.edited_at && <Edited message={message} />}
        </div>
      )}
      {message.quoted && <Quoted text={message.quoted} />}
      {message.files.length > 0 && <Files files={message.files} />}
    </>
  );
}
