/** Keys that work everywhere in the workspace. */
import { useEffect } from "react";
import { useLocation } from "wouter";
import { store } from "../data/store";
import { focusComposer } from "../features/composer/focus";
import { sections } from "../features/sidebar/sections";
import { closePane, openDialog, useUi } from "./ui";

export function useShortcuts(): void {
  const [place, go] = useLocation();
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      const mod = event.ctrlKey || event.metaKey;
      if (mod && !event.shiftKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openDialog({ kind: "switcher" });
      } else if (mod && event.key === "/") {
        event.preventDefault();
        openDialog({ kind: "keys" });
      } else if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        event.preventDefault();
        const next = neighbour(place.split("/")[2] ?? "", event.key === "ArrowDown" ? 1 : -1, event.shiftKey);
        if (next) go(`/c/${next}`);
      } else if (
        event.key === "Escape" &&
        !event.defaultPrevented &&
        useUi.getState().pane &&
        !useUi.getState().dialog
      ) {
        closePane();
        focusComposer();
      }
    }
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [place, go]);
}

/** The next channel of the sidebar, or the next one with something unread. */
function neighbour(id: string, step: 1 | -1, unreadOnly: boolean): string | undefined {
  const { channels, directs } = sections(store.getState());
  const all = [...channels, ...directs];
  const at = all.findIndex((channel) => channel.id === id);
  for (let n = 1; n <= all.length; n += 1) {
    const channel = all[(at + step * n + all.length * 2) % all.length];
    if (channel && channel.id !== id && (!unreadOnly || (channel.my?.unread ?? 0) > 0)) return channel.id;
  }
  return undefined;
}
