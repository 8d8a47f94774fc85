/** The words of a message. People and channels named in it are opened by a click. */
import { type MouseEvent, useMemo } from "react";
import { navigate } from "wouter/use-browser-location";
import type { Id } from "../../api/types";
import { openDialog } from "../../app/ui";
import { store, useData } from "../../data/store";
import { cleanHtml, linkChannels } from "../../text/html";

export function Prose({ html, me, className }: { html: string; me: Id; className: string }) {
  const channels = useData((state) => (html.includes("#") ? state.channels : null));
  const words = useMemo(() => {
    const clean = cleanHtml(html, me);
    return channels ? linkChannels(clean, Object.values(channels)) : clean;
  }, [html, me, channels]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only catches the clicks on what is inside
    // biome-ignore lint/a11y/useKeyWithClickEvents: links are links for the keyboard too
    <div className={`prose ${className}`} onClick={follow} dangerouslySetInnerHTML={{ __html: words }} />
  );
}

/** Places of this workspace open here, not in another tab. */
function follow(event: MouseEvent<HTMLElement>): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !(event.target instanceof Element)) return;
  const person = event.target.closest<HTMLElement>(".mention")?.dataset.person ?? "";
  if (store.getState().people[person]) openDialog({ kind: "person", person });
  const href = event.target.closest("a")?.href ?? "";
  if (!href.startsWith(`${location.origin}/c/`)) return;
  event.preventDefault();
  navigate(href.slice(location.origin.length));
}
