/** One channel or conversation of the sidebar: bold when something is unread, a badge when somebody calls. */
import { memo } from "react";
import { Link } from "wouter";
import type { Channel } from "../../api/types";
import { setDrawer } from "../../app/ui";
import { channelName, othersIn, useMe } from "../../data/names";
import { draftKey } from "../../data/state";
import { useData } from "../../data/store";
import { Avatar } from "../../ui/Avatar";
import { Icon, type IconName } from "../../ui/Icon";
import { focusComposer, typesAtOnce } from "../composer/focus";
import css from "./Sidebar.module.css";

export const kindIcon: Record<Channel["kind"], IconName> = {
  public: "hash",
  private: "lock",
  announcement: "horn",
  direct: "person",
};

export const Row = memo(function Row({ channel, here }: { channel: Channel; here: boolean }) {
  const me = useMe();
  const name = useData((state) => channelName(channel, state.people, me));
  const draft = useData((state) => Boolean(state.drafts[draftKey(channel.id, null)])) && !here;
  const my = channel.my;
  const unread = Boolean(my && my.unread > 0 && !my.muted);
  const calls = my && !my.muted ? my.mentions : 0;
  return (
    <li>
      <Link
        href={`/c/${channel.id}`}
        className={css.row}
        data-unread={unread}
        data-muted={my?.muted ?? false}
        aria-current={here ? "page" : undefined}
        aria-label={label(name, channel.kind, my?.unread ?? 0, calls)}
        title={name}
        onClick={() => {
          setDrawer(false);
          // The page stays the same one then, and nothing else would take the focus.
          if (here && typesAtOnce()) focusComposer();
        }}
      >
        <Mark channel={channel} me={me} />
        <span className={css.name}>{name}</span>
        {my?.muted && <Icon name="bellOff" size={16} />}
        {draft && <Icon name="pencil" size={16} />}
        {calls > 0 && <span className={css.badge}>{calls > 99 ? "99+" : calls}</span>}
      </Link>
    </li>
  );
});

function Mark({ channel, me }: { channel: Channel; me: string }) {
  const others = othersIn(channel, me);
  const first = others[0] ?? me;
  const name = useData((state) => state.people[first]?.name ?? "?");
  if (channel.kind !== "direct") return <Icon name={kindIcon[channel.kind]} size={18} />;
  if (others.length > 1) return <span className={css.count}>{others.length}</span>;
  return <Avatar id={first} name={name} size={20} presence />;
}

function label(name: string, kind: Channel["kind"], unread: number, calls: number): string {
  const what = kind === "direct" ? name : `${name}, ${kind} channel`;
  const news = unread > 0 ? `, ${unread} unread` : "";
  return `${what}${news}${calls > 0 ? `, ${calls} for you` : ""}`;
}
