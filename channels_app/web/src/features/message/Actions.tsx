/** The bar over a message: react, reply, edit, and the rest in a menu. */
import { useState } from "react";
import { messages } from "../../api/endpoints";
import type { Message } from "../../api/types";
import { openPane, startEditing } from "../../app/ui";
import { mayAct } from "../../data/may";
import { useMe } from "../../data/names";
import { markUnread } from "../../data/reading";
import { useData } from "../../data/store";
import { react, remove } from "../../data/verbs";
import { noteEmoji, recentEmoji } from "../../emoji";
import { Button, IconButton } from "../../ui/Button";
import { Dialog, DialogFoot } from "../../ui/Dialog";
import { EmojiButton } from "../../ui/EmojiButton";
import { Menu, MenuItem, MenuLine } from "../../ui/Menu";
import { attempt } from "../../ui/toasts";
import css from "./Actions.module.css";
import type { MessageProps } from "./Message";

interface Props {
  message: Message;
  place: MessageProps["place"];
  onHold: (held: boolean) => void;
}

export function Actions({ message, place, onHold }: Props) {
  const me = useMe();
  const joined = useData((state) => Boolean(state.channels[message.channel]?.my));
  const open = useData((state) => mayAct(state.channels[message.channel]));
  const [deleting, setDeleting] = useState(false);
  const own = message.author === me;
  const guest = useData((state) => state.me?.role === "guest");
  // Nobody reacts to what they said themselves: there the room goes to editing and deleting.
  const quick = own ? [] : recentEmoji(3);

  function toggle(emoji: string): void {
    noteEmoji(emoji);
    const mine = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.people.includes(me));
    attempt(react(message, emoji, !mine));
  }

  return (
    <div className={css.bar} role="toolbar" aria-label="Message actions">
      {open && (
        <>
          {quick.map((emoji) => (
            <button
              key={emoji}
              type="button"
              className={css.quick}
              aria-label={`React with ${emoji}`}
              onClick={() => toggle(emoji)}
            >
              {emoji}
            </button>
          ))}
          <EmojiButton onPick={toggle} onOpenChange={onHold}>
            <button type="button" className={css.quick} aria-label="Add reaction" title="Add reaction">
              <AddReaction />
            </button>
          </EmojiButton>
        </>
      )}
      {place === "channel" && (
        <IconButton
          size="s"
          icon="thread"
          label="Reply in thread"
          onClick={() => openPane({ kind: "thread", root: message.thread ?? message.id })}
        />
      )}
      {own && open && place !== "list" && (
        <IconButton size="s" icon="pencil" label="Edit message" onClick={() => startEditing(message.id)} />
      )}
      {open && !guest && (
        <IconButton
          size="s"
          icon="pin"
          label={message.pinned ? "Unpin message" : "Pin message"}
          aria-pressed={message.pinned !== null}
          onClick={() => attempt(messages.pin(message.id, message.pinned === null))}
        />
      )}
      {own && joined && place !== "list" && (
        <IconButton
          size="s"
          icon="trash"
          label="Delete message"
          onClick={() => {
            onHold(true);
            setDeleting(true);
          }}
        />
      )}
      <More message={message} joined={joined} own={own} onHold={onHold} onDelete={() => setDeleting(true)} />
      {deleting && (
        <DeleteDialog
          message={message}
          onClose={() => {
            setDeleting(false);
            onHold(false);
          }}
        />
      )}
    </div>
  );
}

function More(props: {
  message: Message;
  joined: boolean;
  own: boolean;
  onHold: Props["onHold"];
  onDelete: () => void;
}) {
  const { message, joined, own, onHold, onDelete } = props;
  const saved = useData((state) => Boolean(state.saved[message.id]));
  const admin = useData((state) => state.me?.role === "owner" || state.me?.role === "admin");
  const link = `${location.origin}/c/${message.channel}/${message.id}`;
  return (
    <Menu onOpenChange={onHold} trigger={<IconButton size="s" icon="more" label="More" />}>
      <MenuItem icon="link" onSelect={() => attempt(navigator.clipboard.writeText(link), "Link copied")}>
        Copy link
      </MenuItem>
      <MenuItem icon="copy" onSelect={() => attempt(navigator.clipboard.writeText(message.text), "Text copied")}>
        Copy text
      </MenuItem>
      <MenuItem
        icon="bookmark"
        onSelect={() => attempt(messages.save(message.id, !saved), saved ? "No longer saved" : "Saved for later")}
      >
        {saved ? "Remove from saved" : "Save for later"}
      </MenuItem>
      {joined && (
        <MenuItem icon="eye" onSelect={() => attempt(markUnread(message.channel, message.seq))}>
          Mark unread from here
        </MenuItem>
      )}
      {!own && admin && joined && (
        <>
          <MenuLine />
          <MenuItem
            icon="trash"
            danger
            onSelect={() => {
              // The menu lets go of the bar as it closes; the dialog lives in it, so it is held a moment later.
              setTimeout(() => {
                onHold(true);
                onDelete();
              });
            }}
          >
            Delete message…
          </MenuItem>
        </>
      )}
    </Menu>
  );
}

function DeleteDialog({ message, onClose }: { message: Message; onClose: () => void }) {
  return (
    <Dialog
      title="Delete this message?"
      description="It disappears for everybody, from the mail folder too. This cannot be undone."
      onClose={onClose}
      returnTo={() => document.querySelector<HTMLElement>(`[data-message="${message.id}"]`)}
    >
      <blockquote className={css.quote}>
        {message.text.slice(0, 300) || message.files.map((file) => file.name).join(", ")}
      </blockquote>
      <DialogFoot>
        <Button onClick={onClose}>Keep it</Button>
        <Button
          look="danger"
          autoFocus
          onClick={() => {
            attempt(remove(message.id));
            onClose();
          }}
        >
          Delete
        </Button>
      </DialogFoot>
    </Dialog>
  );
}

function AddReaction() {
  return (
    <svg
      width="18"
      height="18"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M12.5 4A6.5 6.5 0 1 0 16 10M6.8 11.5c.6 1.2 1.5 1.8 2.7 1.8s2.1-.6 2.7-1.8M7.3 8v.2M11.7 8v.2M15.5 2.5v5M13 5h5" />
    </svg>
  );
}
