"""Which parts of a mail are its text, and which are its files."""

import mimetypes
import re
from dataclasses import dataclass, field

from channels_app.mail.charset import clean_line
from channels_app.mail.flowed import unflow
from channels_app.mail.headers import read_headers
from channels_app.mail.markdown import to_markdown
from channels_app.mail.model import Attachment
from channels_app.mail.parts import Part, Reader

_RANK = {"text/markdown": 3, "text/plain": 2, "text/html": 1}
_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
     "application/pgp-encrypted"}
)  # fmt: skip
_UNSAFE_IN_NAME = re.compile(r'[<>:"|?*\x00-\x1f]')
_LOOKS_LIKE_HTML = re.compile(r"\s{0,200}<(?:!doctype html|html|head|body|!--)", re.IGNORECASE)
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
    "message/global-delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "text/plain": ".txt",
    "text/calendar": ".ics",
    "image/jpeg": ".jpg",
}


@dataclass(slots=True)
class Body:
    """The leaves that are text, in order, and those that are files."""

    texts: list[Part] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)


def find_body(reader: Reader, root: Part) -> Body:
    """Sort the leaves of the tree. Of alternatives the best text is taken; their files are all kept."""
    body = Body()
    _gather(reader, root, body)
    return body


def body_text(reader: Reader, body: Body) -> str:
    """The Markdown of the whole text, quotes and all."""
    texts = [_markdown(reader, part) for part in body.texts]
    return "\n\n".join([text for text in texts if text.strip()])


def read_files(reader: Reader, body: Body) -> tuple[Attachment, ...]:
    """The attachments, decoded, within the limits."""
    files: list[Attachment] = []
    room = reader.limits.attachment_bytes
    for part in body.files:
        if len(files) >= reader.limits.attachments:
            reader.note("too many attachments")
            break
        if (part.end - part.start) * 5 // 7 > room:  # base64 in lines of 76 takes 7 bytes for 5
            reader.note("attachments too big")
            continue
        content = reader.content(part)
        if len(content) > room:
            reader.note("attachments too big")
            continue
        room -= len(content)
        files.append(_attachment(reader, part, content, len(files) + 1))
    return tuple(files)


def _gather(reader: Reader, part: Part, body: Body) -> None:
    if not part.is_multipart:
        _gather_leaf(reader, part, body)
    elif part.type == "multipart/alternative":
        _gather_best(reader, part, body)
    else:
        if part.type == "multipart/encrypted":
            reader.note("encrypted")
        for child in part.children:
            _gather(reader, child, body)


def _gather_leaf(reader: Reader, part: Part, body: Body) -> None:
    if part.type == "message/disposition-notification":
        return
    if part.type in _SIGNATURES and not part.headers.get("roost-file"):  # one of ours is a file somebody uploaded
        return
    named = part.filename or part.headers.get("roost-file")
    is_text = part.type in _RANK and part.disposition != "attachment" and not named
    if is_text and part.end - part.start > reader.limits.text_bytes:
        reader.note("text too long")
        is_text = False
    (body.texts if is_text else body.files).append(part)


def _gather_best(reader: Reader, part: Part, body: Body) -> None:
    best: list[Part] = []
    best_rank = 0
    for child in part.children:
        found = Body()
        _gather(reader, child, found)
        body.files += found.files
        rank = max([_RANK[text.type] for text in found.texts if _says_something(reader, text)], default=0)
        if rank > best_rank or not best:
            best, best_rank = found.texts, rank
    body.texts += best


def _says_something(reader: Reader, part: Part) -> bool:
    if part.type == "text/html":
        return True
    text = reader.text(part)
    return bool(text.strip()) and not _LOOKS_LIKE_HTML.match(text)


def _markdown(reader: Reader, part: Part) -> str:
    text = reader.text(part)
    if part.type == "text/html" or _LOOKS_LIKE_HTML.match(text):
        if len(text) > reader.limits.html:
            reader.note("HTML too long")
        return to_markdown(text, reader.limits.html)
    if part.params.get("format", "").lower() == "flowed":
        text = unflow(text, part.params.get("delsp", "").lower() == "yes")
    return text


def _attachment(reader: Reader, part: Part, content: bytes, number: int) -> Attachment:
    headers = part.headers
    return Attachment(
        name=_safe_name(part.filename) or _made_name(reader, part, number),
        type=clean_line(headers.get("roost-type"), 160).lower() or part.type,
        content=content,
        file_id=clean_line(headers.get("roost-file"), 100) or None,
        inline=part.disposition != "attachment",
        preview=headers.get("chat-content").strip().lower() == "preview",
    )


def _safe_name(name: str) -> str:
    """The last part of a path, without what file systems refuse, at most 255 characters."""
    name = _UNSAFE_IN_NAME.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    if len(name) > 255:
        stem, dot, extension = name.rpartition(".")
        name = stem[: 254 - len(extension)] + dot + extension if 0 < len(extension) <= 16 else name[:255]
    return name


def _made_name(reader: Reader, part: Part, number: int) -> str:
    if part.type in ("message/rfc822", "message/global"):
        inner, _ = read_headers(reader.raw, part.start, part.end, reader.limits)
        subject = _safe_name(inner.text("subject", 100))
        return (subject or f"message-{number}") + ".eml"
    extension = _EXTENSIONS.get(part.type) or mimetypes.guess_extension(part.type) or ".bin"
    return f"{part.type.partition('/')[0]}-{number}{extension}"
