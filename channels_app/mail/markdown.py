"""HTML mail to Markdown: bounded, without pictures that tell somebody the mail was read, quotes marked."""

import re
from html import unescape

from html_to_markdown import ConversionOptions, convert

from channels_app.mail.links import honest, without_detours
from channels_app.mail.pictures import unmarked

#: A line of its own in the Markdown where the HTML says "from here on it is quoted"; see `quoting`.
QUOTE_STARTS = "\ue0f1"

_OPTIONS = ConversionOptions(
    extract_metadata=False,
    include_blockquote_citations=False,
    skip_images=True,
    compact_tables=True,
    escape_asterisks=True,
    br_in_tables=True,
    max_depth=200,
    heading_style="atx",
    bullets="-",
)
# Programs that mark what they quote but do not put it into a blockquote: Outlook, GMX/WEB.DE, Yahoo, Zoho.
_QUOTE = re.compile(
    r"<(?:div|hr|span)\b[^<>]{0,300}?\b(?:"
    r"id=[\"']?(?:appendonsend|divRplyFwdMsg|stopSpelling|mail-editor-reference-message-container)\b"
    r"|name=[\"']?quote[\"'\s>]"
    r"|class=[\"']?(?:yahoo_quoted|zmail_extra|yahoo-quoted-begin)\b"
    r")",
    re.IGNORECASE,
)
# Frames would become links, and Thunderbird's signature a block of code.
_FRAME = re.compile(r"</?(?:iframe|frame|embed|object)\b[^<>]{0,2000}>", re.IGNORECASE)
_SIGNATURE = re.compile(r"<pre\b[^<>]{0,200}\bmoz-signature\b[^<>]{0,200}>([^\0]{0,2000}?)</pre>", re.IGNORECASE)
# Newsletters fill the line that a list of mails shows with what nobody sees.
_INVISIBLE = re.compile(r"(?:[\u200b\u200c\u034f\u00ad\ufeff\u2007\u2800][ \xa0\n]{0,3}){4,}")
_UNSAFE_LINK = re.compile(
    r"\[([^\[\]]{0,500})\]\(<?\s{0,9}(?:javascript|vbscript|data|file):"
    r"[^()\n]{0,1000}(?:\([^()\n]{0,200}\)[^()\n]{0,200}){0,9}\)",
    re.IGNORECASE,
)
_MANY_BLANKS = re.compile(r"\n{3,}")
_BLANK_QUOTES = re.compile(r"^((?:> ?)+)\n(?:\1\n)+", re.MULTILINE)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_BREAKS_LINE = re.compile(r"</?(?:p|div|br|tr|li|h[1-6]|table|blockquote|ul|ol|pre|hr)\b", re.IGNORECASE)
_HIDDEN = re.compile(r"<!--|<(?:style|script|title)(?=[\s>])", re.IGNORECASE)
_CLOSES = {
    "<!--": re.compile(r"-->"),
    "<style": re.compile(r"</style[^<>]{0,20}>", re.IGNORECASE),
    "<script": re.compile(r"</script[^<>]{0,20}>", re.IGNORECASE),
    "<title": re.compile(r"</title[^<>]{0,20}>", re.IGNORECASE),
}


def to_markdown(html: str, limit: int) -> str:
    """The Markdown of an HTML body, of its first `limit` characters; a conversion that fails leaves the bare text."""
    html = html[:limit].replace(QUOTE_STARTS, "")
    html = _SIGNATURE.sub(lambda found: "<div>" + found[1].replace("\n", "<br>") + "</div>", _FRAME.sub("", html))
    html = _QUOTE.sub(lambda found: f"<p>{QUOTE_STARTS}</p>{found[0]}", html, count=1)
    try:
        converted = convert(html, _OPTIONS)
        # It warns when it leaves out what is nested too deep; then unformatted words are better than lost ones.
        text = _bare(html) if converted.warnings else converted.content or ""
    except Exception:  # a foreign library on hostile input; its own exception types are not the whole list
        text = _bare(html)
    return tidy(text)


def _bare(html: str) -> str:
    """The words of an HTML body without any formatting, and without what a program would not show."""
    shown = unescape(_TAG.sub(_line_end, _without_hidden(html)))
    return "\n".join([" ".join(line.split()) for line in shown.split("\n")])


def _line_end(tag: re.Match[str]) -> str:
    return "\n" if _BREAKS_LINE.match(tag[0]) else ""


def _without_hidden(html: str) -> str:
    """The HTML minus comments, styles and scripts; one that nobody closes reaches to the end. Linear in time."""
    shown: list[str] = []
    at = 0
    while found := _HIDDEN.search(html, at):
        shown.append(html[at : found.start()])
        closed = _CLOSES[found[0].lower()].search(html, found.end())
        if closed is None:
            return "".join(shown)
        at = closed.end()
    return "".join([*shown, html[at:]])


def tidy(text: str) -> str:
    """Without links that run or pretend, what cannot be seen, trailing spaces and piles of blank lines."""
    text = honest(without_detours(_UNSAFE_LINK.sub(r"\1", unmarked(_INVISIBLE.sub("", text)))))
    text = "\n".join([line.rstrip(" \t\xa0") for line in text.split("\n")])
    text = _BLANK_QUOTES.sub(r"\1\n", text)
    return _MANY_BLANKS.sub("\n\n", text).strip("\n")
