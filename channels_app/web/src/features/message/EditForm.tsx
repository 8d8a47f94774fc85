/** Editing a message where it stands. */
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Message } from "../../api/types";
import { stopEditing } from "../../app/ui";
import { edit } from "../../data/verbs";
import { Button } from "../../ui/Button";
import { useGrowing } from "../../ui/grow";
import { complain } from "../../ui/toasts";
import { focusComposer } from "../composer/focus";
import css from "./EditForm.module.css";

export function EditForm({ message }: { message: Message }) {
  const [text, setText] = useState(message.text);
  const [busy, setBusy] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);

  useGrowing(area, text);

  useEffect(() => {
    const box = area.current;
    box?.focus();
    box?.setSelectionRange(box.value.length, box.value.length);
  }, []);

  function close(): void {
    stopEditing();
    focusComposer(message.thread !== null);
  }

  async function save(): Promise<void> {
    if (text.trim() === message.text.trim()) return close();
    setBusy(true);
    try {
      await edit(message.id, text);
      close();
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void save();
    }
  }

  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <textarea
        ref={area}
        value={text}
        rows={1}
        aria-label="Edit message"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div>
        <small>Enter saves, Esc cancels</small>
        <Button look="quiet" onClick={close}>
          Cancel
        </Button>
        <Button look="primary" type="submit" busy={busy} disabled={text.trim() === "" && message.files.length === 0}>
          Save
        </Button>
      </div>
    </form>
  );
}
