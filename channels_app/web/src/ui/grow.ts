/** A text area as high as its text, where the browser cannot do it by itself (`field-sizing: content`). */
import { type RefObject, useLayoutEffect } from "react";

const byItself = typeof CSS !== "undefined" && CSS.supports("field-sizing", "content");

export function useGrowing(area: RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured again after every change of the text
  useLayoutEffect(() => {
    const box = area.current;
    if (byItself || !box) return;
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight}px`;
  }, [area, text]);
}
