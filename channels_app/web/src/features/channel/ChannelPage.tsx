/** A channel: head, timeline, composer, and the pane beside them. */
import { useEffect, useState } from "react";
import { channels, messages } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { Id } from "../../api/types";
import { useEngine } from "../../app/session";
import { openPane, setDrawer, useUi } from "../../app/ui";
import { useChannelName } from "../../data/names";
import { releaseUnread } from "../../data/reading";
import { store, useData } from "../../data/store";
import { openRoom, takeChannel } from "../../data/verbs";
import { Button, IconButton } from "../../ui/Button";
import { dropZone } from "../../ui/drops";
import { Composer } from "../composer/Composer";
import { SidePane } from "../thread/SidePane";
import { Timeline } from "../timeline/Timeline";
import css from "./ChannelPage.module.css";
import { Header } from "./Header";
import { JoinBar } from "./JoinBar";
import { Skeleton } from "./Skeleton";
import { rememberChannel } from "./Welcome";

/** So many unread messages, and the reading begins at the first of them instead of at the end. */
const MANY = 40;

export function ChannelPage({ id, at }: { id: Id; at?: string }) {
  const [trouble, setTrouble] = useState("");
  const known = useData((state) => Boolean(state.channels[id]));
  const [again, setAgain] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` asks once more
  useEffect(() => {
    setTrouble("");
    if (!known) channels.get(id).then(takeChannel, (error) => setTrouble(messageOf(error)));
  }, [id, known, again]);

  if (trouble) {
    return (
      <main className={css.alone}>
        <h1>This channel cannot be opened</h1>
        <p>{trouble}</p>
        <Button onClick={() => setAgain(again + 1)}>Try again</Button>
        <IconButton className={css.menu ?? ""} icon="menu" label="Open the menu" onClick={() => setDrawer(true)} />
      </main>
    );
  }
  return known ? <Open id={id} {...(at ? { at } : {})} /> : <Skeleton />;
}

function Open({ id, at }: { id: Id; at?: string }) {
  const pane = useUi((state) => state.pane);
  const name = useChannelName(id);
  const joined = useData((state) => Boolean(state.channels[id]?.my));
  const mayPost = useData((state) => mayWrite(state.channels[id], state.me?.role));
  const { target, loaded, trouble, retry } = useOpened(id, at);
  const direct = useData((state) => state.channels[id]?.kind === "direct");
  return (
    <div className={css.page} data-pane={pane !== null} {...dropZone}>
      <main className={css.main} aria-label={name}>
        <Header id={id} />
        {trouble ? (
          <div className={css.alone}>
            <p>{trouble}</p>
            <Button onClick={retry}>Try again</Button>
          </div>
        ) : loaded ? (
          <Timeline channel={id} target={target} />
        ) : (
          <Skeleton />
        )}
        {joined && mayPost ? (
          <Composer channel={id} thread={null} placeholder={`Message ${direct ? "" : "#"}${name}`} />
        ) : (
          <JoinBar id={id} />
        )}
      </main>
      {pane && <SidePane channel={id} pane={pane} />}
    </div>
  );
}

type ChannelOrNone = ReturnType<typeof store.getState>["channels"][string] | undefined;

function mayWrite(channel: ChannelOrNone, role: string | undefined): boolean {
  if (!channel || channel.archived) return false;
  if (channel.kind !== "announcement") return true;
  return role === "owner" || role === "admin" || channel.my?.role === "admin";
}

interface Target {
  id: Id;
  seq: number;
}

/** Loads what is to be seen first: the newest, the first unread, or the message of a link. */
function useOpened(id: Id, at: string | undefined) {
  const engine = useEngine();
  const [target, setTarget] = useState<Target | null>(null);
  const [settled, setSettled] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [again, setAgain] = useState(0);
  const room = useData((state) => state.rooms[id]);
  const joined = useData((state) => Boolean(state.channels[id]?.my));
  const lost = settled && !room?.loaded;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` and a room that was dropped ask once more
  useEffect(() => {
    let gone = false;
    rememberChannel(id);
    setTrouble("");
    releaseUnread(id);
    open(id, at)
      .then((found) => {
        if (gone) return;
        setTarget(found);
        setSettled(true);
      })
      .catch((error) => !gone && setTrouble(messageOf(error)));
    return () => {
      gone = true;
    };
  }, [id, at, again, lost]);

  const loaded = Boolean(room?.loaded) && settled;
  // Who only looks into an open channel follows it all the same while the page is open.
  useEffect(() => {
    const last = store.getState().rooms[id];
    if (loaded && !joined && last)
      engine.follow(id, Math.max(0, ...Object.values(last.byId).map((message) => message.asOf)));
  }, [loaded, joined, id, engine]);

  return { target, loaded, trouble, retry: () => setAgain(again + 1) };
}

async function open(id: Id, at: string | undefined): Promise<Target | null> {
  const { rooms, channels: known } = store.getState();
  const room = rooms[id];
  const my = known[id]?.my;
  if (at) return openAt(id, at);
  if (room?.loaded && !room.hasAfter && my) return null;
  if (my && my.unread > MANY) await openRoom(id, my.read + 1);
  else await openRoom(id);
  return null;
}

/** `at` is a seq or the id of a message; a reply that is only in its thread opens that. */
async function openAt(id: Id, at: string): Promise<Target | null> {
  if (/^\d{1,12}$/.test(at)) {
    await openRoom(id, Number(at));
    const room = store.getState().rooms[id];
    const found = room?.line.find((message) => (room.byId[message]?.seq ?? 0) >= Number(at));
    return found ? { id: found, seq: Number(at) } : null;
  }
  const message = await messages.get(at);
  let shown = message;
  if (message.thread !== null) {
    setTimeout(() => openPane({ kind: "thread", root: message.thread ?? message.id, at: message.id }));
    if (!message.also_to_channel) shown = await messages.get(message.thread);
  }
  const room = store.getState().rooms[id];
  if (!room?.loaded || !room.line.includes(shown.id)) await openRoom(id, shown.seq);
  return { id: shown.id, seq: shown.seq };
}
