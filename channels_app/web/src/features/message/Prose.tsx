/** The words of a message. People and channels named in it are opened by a click. */
import { type KeyboardEvent, type MouseEvent, useMemo } from "react";
import { navigate } from "wouter/use-browser-location";
import type { Id } from "../../api/types";
import { openDialog } from "../../app/ui";
import { channelIds } from "../../data/names";
import { store, useData } from "../../data/store";
import { cleanHtml, linkChannels } from "../../text/html";

export function Prose({ html, me, className }: { html: string; me: Id; className: string }) {
  const channels = useData((state) => (html.includes("#") ? channelIds(state) : null));
  const words = useMemo(() => {
    const clean = cleanHtml(html, me);
    return channels ? linkChannels(clean, channels) : clean;
  }, [html, me, channels]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only catches what is done to what is inside
    <div
      className={`prose ${className}`}
      onClick={follow}
      onKeyDown={press}
      dangerouslySetInnerHTML={{ __html: words }}
    />
  );
}

/** Places of this workspace open here, not in another tab. */
function follow(event: MouseEvent<HTMLElement>): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !(event.target instanceof Element)) return;
  if (showPerson(event.target)) return;
  const href = event.target.closest("a")?.href ?? "";
  if (!href.startsWith(`${location.origin}/c/`)) return;
  event.preventDefault();
  navigate(href.slice(location.origin.length));
}

/** A mention is a button for the keyboard too. */
function press(event: KeyboardEvent<HTMLElement>): void {
  if ((event.key !== "Enter" && event.key !== " ") || !(event.target instanceof Element)) return;
  if (event.target.matches(".mention") && showPerson(event.target)) event.preventDefault();
}

function showPerson(on: Element): boolean {
  const person = on.closest<HTMLElement>(".mention")?.dataset.person ?? "";
  if (!store.getState().people[person]) return false;
  openDialog({ kind: "person", person });
  return true;
}
