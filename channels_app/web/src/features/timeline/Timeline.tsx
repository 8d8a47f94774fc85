/** The conversation of a channel. */
import { useEffect, useState } from "react";
import type { Id } from "../../api/types";
import { markRead } from "../../data/reading";
import { useData } from "../../data/store";
import { more, openRoom } from "../../data/verbs";
import { Spinner } from "../../ui/Splash";
import { Intro } from "../channel/Intro";
import { RowList, type Target } from "./RowList";
import css from "./RowList.module.css";
import { useLooking, useNewLine, useRows } from "./useTimeline";

export function Timeline({ channel, target }: { channel: Id; target: Target | null }) {
  const [atEnd, setAtEnd] = useState(target === null);
  const looking = useLooking();
  const hasBefore = useData((state) => state.rooms[channel]?.hasBefore ?? false);
  const hasAfter = useData((state) => state.rooms[channel]?.hasAfter ?? false);
  const unread = useData((state) => state.channels[channel]?.my?.unread ?? 0);
  const reading = looking && atEnd && !hasAfter;
  const rows = useRows(channel, useNewLine(channel, reading));

  useEffect(() => {
    if (reading && unread > 0) markRead(channel);
  }, [reading, unread, channel]);

  return (
    <RowList
      label="Messages"
      place="channel"
      rows={rows}
      top={hasBefore ? <Earlier /> : <Intro id={channel} />}
      target={target}
      hasBefore={hasBefore}
      hasAfter={hasAfter}
      more={(end) => more(channel, end)}
      newest={() => openRoom(channel)}
      unread={unread}
      onEnd={setAtEnd}
    />
  );
}

function Earlier() {
  return (
    <div className={css.wait}>
      <Spinner label="Loading earlier messages" />
    </div>
  );
}
