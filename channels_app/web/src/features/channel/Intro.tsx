/** The beginning of a channel. */
import type { Id } from "../../api/types";
import { openDialog } from "../../app/ui";
import { mayAct } from "../../data/may";
import { othersIn, useChannelName, useMe } from "../../data/names";
import { useData } from "../../data/store";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { kindIcon } from "../sidebar/Row";
import css from "./Intro.module.css";

export function Intro({ id }: { id: Id }) {
  const channel = useData((state) => state.channels[id]);
  const name = useChannelName(id);
  const me = useMe();
  const guest = useData((state) => state.me?.role === "guest");
  if (!channel) return null;
  const direct = channel.kind === "direct";
  const other = othersIn(channel, me)[0] ?? me;
  return (
    <section className={css.intro}>
      {direct ? (
        <Avatar id={other} name={name} size={48} />
      ) : (
        <span className={css.mark}>
          <Icon name={kindIcon[channel.kind]} size={24} />
        </span>
      )}
      <div>
        <h2>{direct ? name : `#${name}`}</h2>
        <p>{words(channel.kind, other === me)}</p>
      </div>
      {!direct && channel.my && (
        <div className={css.steps}>
          {mayAct(channel) && !guest && (
            <Button onClick={() => openDialog({ kind: "add-people", channel: id })}>
              <Icon name="people" size={18} /> Add people
            </Button>
          )}
          <Button onClick={() => openDialog({ kind: "mail", channel: id })}>
            <Icon name="mail" size={18} /> Open in a mail program
          </Button>
        </div>
      )}
    </section>
  );
}

function words(kind: string, alone: boolean): string {
  if (kind === "direct")
    return alone ? "Your notes. Only you see them." : "Only the people of this conversation see it.";
  if (kind === "private") return "This private channel begins here. Only its members see it.";
  if (kind === "announcement") return "Announcements begin here. Everybody reads, admins write.";
  return "This channel begins here. Everybody in the organization may join.";
}
