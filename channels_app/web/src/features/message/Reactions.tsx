/** The reactions under a message; a click joins or leaves. */
import type { Message } from "../../api/types";
import { mayAct } from "../../data/may";
import { listNames, personName, useMe } from "../../data/names";
import { useData } from "../../data/store";
import { react } from "../../data/verbs";
import { Hint } from "../../ui/Button";
import { EmojiButton } from "../../ui/EmojiButton";
import { Icon } from "../../ui/Icon";
import { attempt } from "../../ui/toasts";
import css from "./Reactions.module.css";

export function Reactions({ message }: { message: Message }) {
  const me = useMe();
  const people = useData((state) => state.people);
  const open = useData((state) => mayAct(state.channels[message.channel]));
  return (
    <div className={css.bar}>
      {message.reactions.map(({ emoji, people: who }) => {
        const mine = who.includes(me);
        const names = listNames(who.map((id) => (id === me ? "you" : personName(people, id))));
        return (
          <Hint key={emoji} label={`${names} reacted with ${emoji}`}>
            <button
              type="button"
              className={css.reaction}
              aria-pressed={mine}
              aria-label={`${emoji} ${who.length}, ${names}`}
              disabled={!open}
              onClick={() => attempt(react(message, emoji, !mine))}
            >
              <span>{emoji}</span>
              <b>{who.length}</b>
            </button>
          </Hint>
        );
      })}
      {open && (
        <EmojiButton onPick={(emoji) => attempt(react(message, emoji, true))}>
          <button type="button" className={`${css.reaction} ${css.add}`} aria-label="Add a reaction">
            <Icon name="smile" size={16} />
          </button>
        </EmojiButton>
      )}
    </div>
  );
}
