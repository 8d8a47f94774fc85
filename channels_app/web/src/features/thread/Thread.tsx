/** A thread: the message it hangs on, its replies, and a composer of its own. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { messageOf } from "../../api/http";
import type { Id } from "../../api/types";
import { useEngine } from "../../app/session";
import { useMe } from "../../data/names";
import { useOutbox } from "../../data/outbox";
import type { Known } from "../../data/state";
import { useData } from "../../data/store";
import { closeThread, openThread, rowKey } from "../../data/verbs";
import { Button } from "../../ui/Button";
import { Spinner } from "../../ui/Splash";
import { Composer } from "../composer/Composer";
import { walkIn } from "../message/keys";
import { Message } from "../message/Message";
import { PendingMessage } from "../message/PendingMessage";
import { rowsOf } from "../timeline/rows";
import css from "./SidePane.module.css";

const none: readonly Id[] = [];
const empty: Record<Id, Known> = {};

export function Thread({ channel, root }: { channel: Id; root: Id }) {
  const [trouble, setTrouble] = useState("");
  const [again, setAgain] = useState(0);
  const loaded = useData((state) => Boolean(state.rooms[channel]?.threads[root]));
  const message = useData((state) => state.rooms[channel]?.byId[root]);
  const joined = useData((state) => Boolean(state.channels[channel]?.my) && !state.channels[channel]?.archived);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` and a room that was dropped ask once more
  useEffect(() => {
    setTrouble("");
    if (!loaded) openThread(channel, root).catch((error) => setTrouble(messageOf(error)));
  }, [channel, root, loaded, again]);
  useEffect(() => () => closeThread(channel, root), [channel, root]);

  if (trouble) {
    return (
      <div className={css.empty}>
        <p>{trouble}</p>
        <Button onClick={() => setAgain(again + 1)}>Try again</Button>
      </div>
    );
  }
  if (!loaded || !message) {
    return (
      <div className={css.empty}>
        <Spinner />
      </div>
    );
  }
  return (
    <>
      <Replies channel={channel} root={message} />
      {joined && <Composer channel={channel} thread={root} placeholder="Reply" />}
    </>
  );
}

function Replies({ channel, root }: { channel: Id; root: Known }) {
  const me = useMe();
  const scroller = useRef<HTMLDivElement>(null);
  const ids = useData((state) => state.rooms[channel]?.threads[root.id] ?? none);
  const byId = useData((state) => state.rooms[channel]?.byId ?? empty);
  const posts = useOutbox(useEngine().outbox, (all) => all);
  const rows = useMemo(() => {
    const messages = ids.flatMap((id) => byId[id] ?? []);
    const pending = posts.filter((post) => post.thread === root.id && !post.seen);
    return rowsOf({ messages, pending, newAfter: null, me, keyOf: rowKey });
  }, [ids, byId, posts, root.id, me]);
  useStuckToEnd(scroller, rows.length);
  const count = rows.length;
  return (
    <div
      ref={scroller}
      className={css.scroll}
      role="log"
      aria-label="Thread"
      aria-live="off"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and its messages are walked from here
      tabIndex={0}
      onKeyDown={walkIn}
    >
      <Message message={root} first place="thread" />
      <p className={css.count}>{count === 0 ? "No replies yet" : count === 1 ? "1 reply" : `${count} replies`}</p>
      {rows.map((row) =>
        row.kind === "message" ? (
          <Message key={row.key} message={row.message} first={row.first || row.day !== null} place="thread" />
        ) : (
          <PendingMessage key={row.key} post={row.post} first={row.first} />
        ),
      )}
    </div>
  );
}

/** Who reads at the end stays there when something is added. */
function useStuckToEnd(scroller: React.RefObject<HTMLDivElement | null>, count: number): void {
  const atEnd = useRef(true);
  useEffect(() => {
    const box = scroller.current;
    const look = (): void => {
      if (box) atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
    };
    box?.addEventListener("scroll", look, { passive: true });
    return () => box?.removeEventListener("scroll", look);
  }, [scroller]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: after every change of the rows
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box && atEnd.current) box.scrollTop = box.scrollHeight;
  }, [count, scroller]);
}
