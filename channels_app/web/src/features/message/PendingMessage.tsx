/** A post of ours that the server has not confirmed yet. */
import { useEffect, useState } from "react";
import { useEngine } from "../../app/session";
import type { Pending } from "../../data/outbox";
import { useData } from "../../data/store";
import { Avatar } from "../../ui/Avatar";
import { Files } from "../files/Files";
import { Byline } from "./Message";
import css from "./Message.module.css";

export function PendingMessage({ post, first }: { post: Pending; first: boolean }) {
  const me = useData((state) => state.me);
  const at = new Date(post.at).toISOString();
  return (
    <article className={css.message} data-first={first} aria-label={`${me?.name ?? ""}, being sent`}>
      {first ? (
        <span className={css.side}>
          <Avatar id={me?.id ?? ""} name={me?.name ?? ""} />
        </span>
      ) : (
        <span />
      )}
      <div className={css.body}>
        {first && (
          <header className={css.head}>
            <Byline name={me?.name ?? ""} at={at} />
          </header>
        )}
        <p className={`prose ${css.pending}`}>{post.text}</p>
        {post.files.length > 0 && <Files files={post.files} />}
        <State post={post} />
      </div>
    </article>
  );
}

/** Nothing at first: a post that takes a moment is no news. */
function State({ post }: { post: Pending }) {
  const { outbox } = useEngine();
  const slow = useSlow();
  if (post.status === "failed") {
    return (
      <p className={css.state} data-bad="true" role="alert">
        Not sent: {post.error}
        <button type="button" onClick={() => outbox.retry(post.client_id)}>
          Try again
        </button>
        <button type="button" onClick={() => outbox.discard(post.client_id)}>
          Discard
        </button>
      </p>
    );
  }
  if (!slow) return null;
  return <p className={css.state}>{post.error ? "Waiting for the connection…" : "Sending…"}</p>;
}

function useSlow(): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 1_500);
    return () => clearTimeout(timer);
  }, []);
  return slow;
}
