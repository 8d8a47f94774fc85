/** Where one writes. The text is a draft from the first key press; Enter posts it. */
import { type ClipboardEvent, type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { Id } from "../../api/types";
import { useEngine } from "../../app/session";
import { useData } from "../../data/store";
import { useDrops } from "../../ui/drops";
import { useGrowing } from "../../ui/grow";
import { Icon } from "../../ui/Icon";
import { Attachments } from "./Attachments";
import css from "./Composer.module.css";
import { typesAtOnce } from "./focus";
import { replaced } from "./format";
import { editLast } from "./last";
import { Suggestions } from "./Suggestions";
import { Toolbar } from "./Toolbar";
import { TypingLine } from "./TypingLine";
import { useCompletion } from "./useCompletion";
import { useText } from "./useText";
import { useUploads } from "./useUploads";
import { Waiting } from "./Waiting";

interface Props {
  channel: Id;
  thread: Id | null;
  placeholder: string;
}

export function Composer({ channel, thread, placeholder }: Props) {
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [also, setAlso] = useState(false);
  const { outbox } = useEngine();
  const limit = useData((state) => state.limits.text);
  const typed = useText(channel, thread, area);
  useGrowing(area, typed.text);
  const uploads = useUploads(channel, thread);
  const over = useDrops(area, uploads.add);
  const listId = useId();
  const completion = useCompletion(channel, (token, insert) =>
    typed.change((now) => replaced(now.text, token.from, token.to, insert)),
  );
  const length = [...typed.text].length;
  const waits = uploads.waiting !== null;
  const empty = typed.text.trim() === "" && uploads.attached.length === 0;
  const ready = !empty && !waits && length <= limit;

  useEffect(() => {
    if (typesAtOnce() || thread !== null) area.current?.focus();
  }, [thread]);

  // What was written here has left, perhaps only when its files were there.
  const { posted } = uploads;
  const cleared = useRef(posted);
  useLayoutEffect(() => {
    if (cleared.current === posted) return;
    cleared.current = posted;
    typed.clear();
    setAlso(false);
    completion.close();
  });

  function send(): void {
    if (!ready) return;
    uploads.post({ text: typed.text.trim(), also_to_channel: thread !== null && also });
    area.current?.focus();
  }

  function takeBack(): void {
    uploads.takeBack();
    area.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (waits) {
      if (event.key !== "Escape") return;
      event.preventDefault();
      takeBack();
      return;
    }
    if (event.nativeEvent.isComposing || completion.onKey(event) || typed.onKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey && !typed.inFence(event)) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && typed.text === "" && editLast(outbox, event.currentTarget, channel, thread)) {
      event.preventDefault();
    }
  }

  function paste(event: ClipboardEvent): void {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    uploads.add(event.clipboardData.files);
  }

  return (
    <div className={css.foot}>
      {over && createPortal(<DropHere onto={thread === null ? placeholder : "Reply in this thread"} />, over)}
      <div className={css.composer}>
        <Suggestions
          id={listId}
          found={completion.found}
          at={completion.at}
          onPoint={completion.setAt}
          onTake={completion.take}
        />
        <Attachments attached={uploads.attached} onRemove={uploads.remove} onRetry={uploads.retry} />
        <textarea
          ref={area}
          className={css.text}
          data-composer={thread === null ? "channel" : "thread"}
          value={typed.text}
          rows={1}
          readOnly={waits}
          dir="auto"
          placeholder={placeholder}
          aria-label={placeholder}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={listId}
          aria-activedescendant={completion.found.length > 0 ? `${listId}-${completion.at}` : undefined}
          onChange={(event) => {
            typed.set(event.target.value);
            completion.look(event.target.value, event.target.selectionStart);
          }}
          onClick={(event) => completion.look(typed.text, event.currentTarget.selectionStart)}
          onBlur={completion.close}
          onKeyDown={onKeyDown}
          onPaste={paste}
        />
        {thread !== null && (
          <label className={css.also}>
            <input
              type="checkbox"
              checked={also}
              disabled={waits}
              onChange={(event) => setAlso(event.target.checked)}
            />
            Also send to the channel
          </label>
        )}
        {waits && <Waiting attached={uploads.attached} onTakeBack={takeBack} />}
        <Toolbar
          typed={typed}
          area={area}
          onFiles={() => picker.current?.click()}
          onSend={send}
          ready={ready}
          fixed={waits}
        >
          {length > limit * 0.9 && (
            <span className={css.count} data-over={length > limit} role="status">
              {(limit - length).toLocaleString()} characters left
            </span>
          )}
        </Toolbar>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            uploads.add(event.target.files ?? []);
            event.target.value = "";
          }}
        />
      </div>
      <TypingLine channel={channel} thread={thread} />
    </div>
  );
}

/** Lies over the zone while files are held over it. */
function DropHere({ onto }: { onto: string }) {
  return (
    <div className={css.drop}>
      <p>
        <Icon name="clip" size={24} />
        <strong>Drop files to attach them</strong>
        <span>{onto}</span>
      </p>
    </div>
  );
}
