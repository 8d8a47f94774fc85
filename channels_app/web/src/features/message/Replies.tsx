/** The foot of a message that has a thread. */
import type { Message } from "../../api/types";
import { openPane } from "../../app/ui";
import { useData } from "../../data/store";
import { agoOf } from "../../text/time";
import { Avatar } from "../../ui/Avatar";
import { useNow } from "../../ui/now";
import css from "./Replies.module.css";

export function Replies({ message }: { message: Message }) {
  const people = useData((state) => state.people);
  const now = useNow();
  const { replies } = message;
  if (!replies) return null;
  return (
    <button type="button" className={css.replies} onClick={() => openPane({ kind: "thread", root: message.id })}>
      <span className={css.faces}>
        {replies.people.slice(0, 4).map((id) => (
          <Avatar key={id} id={id} name={people[id]?.name ?? "?"} size={20} />
        ))}
      </span>
      <strong>{replies.count === 1 ? "1 reply" : `${replies.count} replies`}</strong>
      {replies.last_at && <span>Last {agoOf(replies.last_at, now)}</span>}
    </button>
  );
}
