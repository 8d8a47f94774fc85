/** On a phone the keyboard would cover what one came to read. */
export const typesAtOnce = (): boolean => window.matchMedia("(hover: hover)").matches;

/** Where the typing goes when nothing else asks for it. */
export function focusComposer(thread = false): void {
  const composers = [...document.querySelectorAll<HTMLTextAreaElement>("textarea[data-composer]")];
  const wanted = composers.find((box) => (box.dataset.composer === "thread") === thread) ?? composers[0];
  wanted?.focus();
}
