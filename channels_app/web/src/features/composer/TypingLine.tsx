/** Who else is writing here now. */
import type { Id } from "../../api/types";
import { useTyping } from "../../data/live";
import { listNames, personName } from "../../data/names";
import { useData } from "../../data/store";
import css from "./Composer.module.css";

export function TypingLine({ channel, thread }: { channel: Id; thread: Id | null }) {
  const typing = useTyping(channel, thread);
  const people = useData((state) => state.people);
  const names = typing.map((id) => personName(people, id));
  const words =
    names.length === 0
      ? ""
      : names.length > 3
        ? "Several people are typing"
        : `${listNames(names)} ${names.length === 1 ? "is" : "are"} typing`;
  return (
    <p className={css.typing} aria-live="polite">
      {words && (
        <>
          <span className={css.dots} aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {words}
        </>
      )}
    </p>
  );
}
