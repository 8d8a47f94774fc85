/**
 * Files dragged over the page. Whoever takes some marks out a zone; what is dropped elsewhere goes nowhere, since the
 * browser would leave the page to show it.
 */
import { type RefObject, useEffect, useRef } from "react";
import { create } from "zustand";

type Take = (files: FileList) => void;

/** On the element that is a zone. */
const ZONE = "data-drop";
export const dropZone = { [ZONE]: "" };

const takers = new Map<Element, Take>();
const useOver = create<{ zone: Element | null }>()(() => ({ zone: null }));

/** Watches the whole page, once. */
export function watchDrops(): void {
  window.addEventListener("dragover", drag);
  window.addEventListener("drop", drop);
  window.addEventListener("dragleave", (event) => event.relatedTarget === null && show(null));
}

/** Takes what is dropped in the zone around an element; answers with that zone while files are held over it. */
export function useDrops(within: RefObject<Element | null>, take: Take): Element | null {
  const latest = useRef(take);
  latest.current = take;
  const zone = useRef<Element | null>(null);
  useEffect(() => {
    const around = within.current?.closest(`[${ZONE}]`);
    if (!around) return;
    zone.current = around;
    takers.set(around, (files) => latest.current(files));
    return () => void takers.delete(around);
  }, [within]);
  return useOver((state) => (state.zone !== null && state.zone === zone.current ? state.zone : null));
}

function drag(event: DragEvent): void {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  const zone = zoneOf(event);
  event.dataTransfer.dropEffect = zone ? "copy" : "none";
  show(zone);
}

function drop(event: DragEvent): void {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  const zone = zoneOf(event);
  show(null);
  if (zone && event.dataTransfer.files.length > 0) takers.get(zone)?.(event.dataTransfer.files);
}

/** The nearest zone in which somebody takes files. */
function zoneOf(event: DragEvent): Element | null {
  let zone = event.target instanceof Element ? event.target.closest(`[${ZONE}]`) : null;
  while (zone && !takers.has(zone)) zone = zone.parentElement?.closest(`[${ZONE}]`) ?? null;
  return zone;
}

function show(zone: Element | null): void {
  if (useOver.getState().zone !== zone) useOver.setState({ zone });
}
