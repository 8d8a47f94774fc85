/** In place of the composer: why one cannot write here, and what to do about it. */

import { channels } from "../../api/endpoints";
import type { Id } from "../../api/types";
import { useData } from "../../data/store";
import { takeChannel } from "../../data/verbs";
import { Button } from "../../ui/Button";
import { attempt } from "../../ui/toasts";
import css from "./JoinBar.module.css";

export function JoinBar({ id }: { id: Id }) {
  const channel = useData((state) => state.channels[id]);
  if (!channel) return null;
  if (channel.archived) return <Bar words="This channel is archived. It can be read, but nothing is added." />;
  if (channel.my) return <Bar words="Only admins post here. You can react, and reply in threads." />;
  return (
    <Bar words={`You are looking into #${channel.name}.`}>
      <Button look="primary" onClick={() => attempt(channels.act(id, "join").then(takeChannel))}>
        Join channel
      </Button>
    </Bar>
  );
}

function Bar({ words, children }: { words: string; children?: React.ReactNode }) {
  return (
    <div className={css.bar}>
      <p>{words}</p>
      {children}
    </div>
  );
}
