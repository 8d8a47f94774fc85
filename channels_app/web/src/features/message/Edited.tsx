/** "edited", and behind it all the versions. */
import { useQuery } from "@tanstack/react-query";
import { Popover } from "radix-ui";
import { useState } from "react";
import { messages } from "../../api/endpoints";
import { messageOf } from "../../api/http";
import type { Message } from "../../api/types";
import { useMe } from "../../data/names";
import { cleanHtml } from "../../text/html";
import { fullTimeOf } from "../../text/time";
import { Spinner } from "../../ui/Splash";
import css from "./Edited.module.css";

export function Edited({ message }: { message: Message }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className={css.edited} title={message.edited_at ? fullTimeOf(message.edited_at) : ""}>
        edited
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={css.pop}
          side="top"
          align="start"
          sideOffset={4}
          collisionPadding={12}
          aria-label="Versions"
        >
          <Versions message={message} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Versions({ message }: { message: Message }) {
  const me = useMe();
  const history = useQuery({
    queryKey: ["history", message.id, message.edited_at],
    queryFn: () => messages.history(message.id),
  });
  if (history.isPending) return <Spinner />;
  if (history.isError) return <p>{messageOf(history.error)}</p>;
  return (
    <ol className={css.versions}>
      {history.data.items.toReversed().map((version, n) => (
        <li key={version.at}>
          <time dateTime={version.at}>
            {fullTimeOf(version.at)}
            {n === 0 && " · now"}
          </time>
          <div className="prose" dangerouslySetInnerHTML={{ __html: cleanHtml(version.html, me) }} />
        </li>
      ))}
    </ol>
  );
}
