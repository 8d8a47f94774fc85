"""Pictures inside a text (RFC 2392): they become files, and the text says by their names where they stood."""

import re
from collections.abc import Mapping
from html import escape

from channels_app.mail.model import Attachment

_IN_HTML = re.compile(
    r"<img\b[^<>]{0,1000}?\bsrc\s{0,3}=\s{0,3}[\"']?cid:([^\"'<>\s]{1,300})[^<>]{0,1000}>", re.IGNORECASE
)
_IN_TEXT = re.compile(r"\[cid:([^\[\]\s]{1,300})\]|\[image: ([^\[\]\n]{1,255})\]", re.IGNORECASE)
#: Around a name in HTML that is still to be converted: the converter leaves these as they are.
OPENS, CLOSES = "\ue0f2", "\ue0f3"


def name_of(content_id: str) -> str:
    """A Content-ID as a text refers to it."""
    return content_id.strip().removeprefix("<").removesuffix(">").strip()[:300]


def named_in_html(html: str, pictures: Mapping[str, str]) -> str:
    """The HTML with each picture of the mail's own replaced by its name, between marks."""
    html = html.replace(OPENS, "").replace(CLOSES, "")
    if not pictures:
        return html
    return _IN_HTML.sub(lambda found: _marked(pictures.get(found[1], "")), html)


def _marked(name: str) -> str:
    return f"{OPENS}{escape(name)}{CLOSES}" if name else ""


def named_in_text(text: str, pictures: Mapping[str, str]) -> str:
    """The same for what Outlook and Gmail write into a plain text."""
    if not pictures:
        return text
    names = set(pictures.values())

    def name(found: re.Match[str]) -> str:
        called = pictures.get(found[1]) if found[1] else found[2]
        return _shown(called) if called in names else found[0]

    return _IN_TEXT.sub(name, text)


def unmarked(text: str) -> str:
    """Markdown made of HTML, with the names in brackets."""
    return text.replace(OPENS, "[").replace(CLOSES, "]")


def _shown(name: str) -> str:
    return f"[{name}]"


def without_folded(
    files: tuple[Attachment, ...], pictures: Mapping[str, str], text: str, quoted: str | None
) -> tuple[Attachment, ...]:
    """Without the pictures that only signature or quote show: logos, and what everybody has had already."""
    if not quoted or not pictures:
        return files
    folded = {name for name in pictures.values() if _shown(name) in quoted and _shown(name) not in text}
    return tuple(file for file in files if file.name not in folded or not file.type.startswith("image/"))
