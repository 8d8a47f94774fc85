/** The HTML of a message, cleaned once more on our side, and made ours: links open beside, mentions of us stand out. */
import DOMPurify from "dompurify";
import type { Id } from "../api/types";

const cache = new Map<string, string>();
const MOST = 800;
const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}|\p{Emoji_Component}|\u200d|\ufe0f|\s)+$/u;
/** Each takes the direction of what is written in it. */
const BLOCKS = new Set(["P", "UL", "OL", "LI", "BLOCKQUOTE", "TABLE", "H1", "H2", "H3", "H4", "H5", "H6"]);
/** Mentions that name nobody in particular: there is no person to open. */
const EVERYBODY = new Set(["channel", "here", "all", "everyone"]);

const purify = DOMPurify(window);
purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.nodeName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  }
  if (BLOCKS.has(node.nodeName)) node.setAttribute("dir", "auto");
  if (node.matches(".mention[data-person]") && !EVERYBODY.has(node.getAttribute("data-person") ?? "")) {
    node.setAttribute("role", "button");
    node.setAttribute("tabindex", "0");
  }
});

export function cleanHtml(html: string, me: string): string {
  const key = `${me} ${html}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const clean = marked(
    purify.sanitize(html, {
      FORBID_TAGS: ["style", "form", "img", "video", "audio"],
      FORBID_ATTR: ["style", "id", "name"],
    }),
    me,
  );
  if (cache.size >= MOST) cache.clear();
  cache.set(key, clean);
  return clean;
}

const CHANNEL = /(?<![\p{L}\p{N}_/#&])#([\p{L}\p{N}_.-]{1,80})/gu;

/** `#name` of a channel that one knows becomes a link to it, except in code and in other links. Takes clean HTML. */
export function linkChannels(html: string, ids: ReadonlyMap<string, Id>): string {
  const page = document.createElement("template");
  page.innerHTML = html;
  const walker = document.createTreeWalker(page.content, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  for (const text of texts)
    if (!text.parentElement?.closest("a, code, pre")) text.replaceWith(...linked(text.data, ids));
  return page.innerHTML;
}

function linked(text: string, ids: ReadonlyMap<string, Id>): (string | Node)[] {
  const parts: (string | Node)[] = [];
  let at = 0;
  for (const match of text.matchAll(CHANNEL)) {
    const name = match[1]?.replace(/[.-]+$/, "") ?? "";
    const id = ids.get(name);
    if (id === undefined) continue;
    const link = document.createElement("a");
    link.href = `/c/${id}`;
    link.className = "channel-link";
    link.textContent = `#${name}`;
    parts.push(text.slice(at, match.index), link);
    at = match.index + name.length + 1;
  }
  return [...parts, text.slice(at)];
}

function marked(html: string, me: string): string {
  return html
    .replaceAll(`class="mention" data-person="${me}"`, `class="mention me" data-person="${me}"`)
    .replaceAll(/class="mention" data-person="(channel|here|all|everyone)"/g, 'class="mention me" data-person="$1"');
}

/** A message of a few emoji and nothing else is shown large. */
export function isBigEmoji(text: string): boolean {
  return (
    text.length <= 24 && /\p{Extended_Pictographic}/u.test(text) && EMOJI_ONLY.test(text) && !/^[\d#*\s]+$/.test(text)
  );
}
