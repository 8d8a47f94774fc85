/** The HTML of a message, cleaned once more on our side, and made ours: links open beside, mentions of us stand out. */
import DOMPurify from "dompurify";

const cache = new Map<string, string>();
const MOST = 800;
const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}|\p{Emoji_Component}|\u200d|\ufe0f|\s)+$/u;

const purify = DOMPurify(window);
purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.nodeName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
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
