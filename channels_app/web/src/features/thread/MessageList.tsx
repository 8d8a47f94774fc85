/** Lists of single messages: the pins of a channel, and what one saved. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { Link } from "wouter";
import { channels, me as meApi } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { Id, Kind, Message as MessageData } from "../../api/types";
import { askAgain } from "../../data/again";
import { onEvent } from "../../data/engine";
import { useChannelName } from "../../data/names";
import { dayName } from "../../text/time";
import { Icon, type IconName } from "../../ui/Icon";
import { useNow } from "../../ui/now";
import { Spinner } from "../../ui/Splash";
import { Message } from "../message/Message";
import css from "./SidePane.module.css";

export function PinList({ channel }: { channel: Id }) {
  const key = ["pins", channel];
  useRefreshed(key, ["message.pinned", "message.unpinned", "message.deleted", "message.edited"]);
  const pins = useQuery({ queryKey: key, queryFn: () => channels.pins(channel), staleTime: 0 });
  return (
    <List
      query={pins}
      icon="pin"
      empty={
        <>
          <strong>Nothing is pinned yet</strong>
          <p>Pin what everybody should find again: the agenda, the decision, the address.</p>
        </>
      }
    />
  );
}

export function SavedList() {
  const key = ["saved"];
  useRefreshed(key, ["message.saved", "message.unsaved", "message.deleted"]);
  const saved = useQuery({ queryKey: key, queryFn: () => meApi.saved(), staleTime: 0 });
  return (
    <List
      query={saved}
      icon="bookmark"
      empty={
        <>
          <strong>Nothing saved for later</strong>
          <p>Save a message from its menu. Only you see this list.</p>
        </>
      }
    />
  );
}

interface ListProps {
  query: { data: { items: MessageData[] } | undefined; error: unknown };
  icon: IconName;
  empty: ReactNode;
}

function List({ query, icon, empty }: ListProps) {
  if (query.error) return <p className={css.empty}>{messageOf(query.error)}</p>;
  if (!query.data) {
    return (
      <div className={css.empty}>
        <Spinner />
      </div>
    );
  }
  if (query.data.items.length === 0) {
    return (
      <div className={css.empty}>
        <Icon name={icon} size={28} />
        {empty}
      </div>
    );
  }
  return (
    <div className={css.scroll} role="list">
      {query.data.items.map((message) => (
        <div key={message.id} role="listitem" className={css.card}>
          <Message message={{ ...message, asOf: 0 }} first place="list" />
          <Where message={message} />
        </div>
      ))}
    </div>
  );
}

function Where({ message }: { message: MessageData }) {
  const name = useChannelName(message.channel);
  const now = useNow();
  return (
    <p className={css.where}>
      <span>
        {name} · {dayName(message.created_at, now)}
      </span>
      <Link href={`/c/${message.channel}/${message.id}`}>Show in the channel</Link>
    </p>
  );
}

/** Asks again when something happened that changes the list. */
export function useRefreshed(key: readonly string[], kinds: readonly Kind[]): void {
  const queries = useQueryClient();
  const name = key.join("/");
  const wanted = kinds.join(" ");
  useEffect(
    () =>
      onEvent((events) => {
        if (events.some((event) => wanted.split(" ").includes(event.kind))) {
          void askAgain(queries, name.split("/"));
        }
      }),
    [queries, name, wanted],
  );
}
