/** A thread: the message it hangs on, its replies, and a composer of its own. */
import { useEffect, useMemo, useState } from "react";
import { messageOf } from "../../api/http";
import type { Id } from "../../api/types";
import { mayAct } from "../../data/may";
import type { Known } from "../../data/state";
import { useData } from "../../data/store";
import { closeThread, openThread } from "../../data/verbs";
import { Button } from "../../ui/Button";
import { Spinner } from "../../ui/Splash";
import { Composer } from "../composer/Composer";
import { Message } from "../message/Message";
import { RowList } from "../timeline/RowList";
import { useReplies } from "../timeline/useTimeline";
import css from "./SidePane.module.css";

export function Thread({ channel, root, at }: { channel: Id; root: Id; at: Id | undefined }) {
  const [trouble, setTrouble] = useState("");
  const [again, setAgain] = useState(0);
  const loaded = useData((state) => Boolean(state.rooms[channel]?.threads[root]));
  const message = useData((state) => state.rooms[channel]?.byId[root]);
  const open = useData((state) => mayAct(state.channels[channel]));

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
      <Replies channel={channel} root={message} at={at} />
      {open && <Composer channel={channel} thread={root} placeholder="Reply" />}
    </>
  );
}

function Replies({ channel, root, at }: { channel: Id; root: Known; at: Id | undefined }) {
  const rows = useReplies(channel, root);
  const target = useMemo(() => (at === undefined ? null : { id: at }), [at]);
  return (
    <RowList
      label="Thread"
      place="thread"
      rows={rows}
      top={<Root root={root} count={rows.length} />}
      target={target}
      hasBefore={false}
      hasAfter={false}
      more={nothing}
      newest={nothing}
      unread={0}
    />
  );
}

/** A thread is loaded whole. */
const nothing = async (): Promise<void> => {};

function Root({ root, count }: { root: Known; count: number }) {
  return (
    <>
      <Message message={root} first place="thread" />
      <p className={css.count}>{count === 0 ? "No replies yet" : count === 1 ? "1 reply" : `${count} replies`}</p>
    </>
  );
}
