/** The keys worth knowing. */
import { closeDialog } from "../../app/ui";
import { Dialog } from "../../ui/Dialog";
import css from "./dialogs.module.css";

const groups: { title: string; keys: [string, string][] }[] = [
  {
    title: "Everywhere",
    keys: [
      ["Ctrl K", "Go to a channel or person"],
      ["Alt ↑ ↓", "Previous or next channel"],
      ["Alt Shift ↑ ↓", "Previous or next unread channel"],
      ["Esc", "Close what is open"],
    ],
  },
  {
    title: "Writing",
    keys: [
      ["Enter", "Send"],
      ["Shift Enter", "New line"],
      ["↑", "Edit your last message"],
      ["Ctrl B, I, E, U", "Bold, italic, code, link"],
      ["Ctrl Shift 8, 9", "List, quote"],
      ["@ # :", "Mention, channel, emoji"],
    ],
  },
  {
    title: "On a message",
    keys: [
      ["↑ ↓", "Walk through the messages"],
      ["T", "Open the thread"],
      ["R", "React with your latest emoji"],
      ["E", "Edit"],
    ],
  },
];

export function Keys() {
  return (
    <Dialog title="Keyboard shortcuts" onClose={closeDialog}>
      {groups.map((group) => (
        <section key={group.title} className={css.keys}>
          <h3>{group.title}</h3>
          <dl>
            {group.keys.map(([keys, words]) => (
              <div key={keys}>
                <dt>{words}</dt>
                <dd>
                  <kbd>{keys}</kbd>
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
