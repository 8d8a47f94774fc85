"""Which parts of a mail are its text, and which are its files."""

import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from channels_app.mail import tnef
from channels_app.mail.charset import clean, clean_line
from channels_app.mail.enveloped import CMS_TYPES, is_encrypted_cms, is_encrypted_text, without_armour
from channels_app.mail.flowed import unflow
from channels_app.mail.headers import read_headers
from channels_app.mail.invites import CALENDAR, CALENDARS
from channels_app.mail.links import without_detours
from channels_app.mail.markdown import to_markdown
from channels_app.mail.model import Attachment
from channels_app.mail.parts import Part, Reader
from channels_app.mail.pictures import name_of, named_in_html, named_in_text
from channels_app.mail.tnef import PackedFile, Unpacked

_RANK = {"text/markdown": 3, "text/plain": 2, "text/html": 1}
_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
     "application/pgp-encrypted"}
)  # fmt: skip
_PGP_ENCRYPTED = frozenset({"multipart/encrypted", "application/pgp-encrypted"})
# Thunderbird adds the writer's key to mails by itself.
_KEY_OF_A_PROGRAM = re.compile(r"OpenPGP_0x[0-9A-F]{8,40}\.asc", re.IGNORECASE)
_UNSAFE_IN_NAME = re.compile(r'[<>:"|?*\x00-\x1f]')
_LOOKS_LIKE_HTML = re.compile(r"\s{0,200}<(?:!doctype html|html|head|body|!--)", re.IGNORECASE)
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "message/delivery-status": ".txt",
    "message/global-delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "text/plain": ".txt",
    "image/jpeg": ".jpg",
}


@dataclass(slots=True)
class Body:
    """The leaves that are text, in order, and those that are files; `packed` is what is inside of a winmail.dat."""

    texts: list[Part] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    packed: list[Unpacked] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Files:
    """The attachments of a mail, and by their Content-IDs the names of those that its text can show in place."""

    all: tuple[Attachment, ...]
    pictures: Mapping[str, str]


def find_body(reader: Reader, root: Part) -> Body:
    """Sort the leaves of the tree. Of alternatives the best text is taken; their files are all kept."""
    body = Body()
    _gather(reader, root, body)
    return body


def body_text(reader: Reader, body: Body, pictures: Mapping[str, str]) -> str:
    """The Markdown of the whole text, quotes and all. `pictures` as in `Files`."""
    texts = [_markdown(reader, part, pictures) for part in body.texts]
    if not any(text.strip() for text in texts):
        texts = [_packed_text(reader, packed, pictures) for packed in body.packed]
    if len(texts) == 1:
        return texts[0]
    return "\n\n".join([text.strip("\n") for text in texts if text.strip()])


def unpack(reader: Reader, body: Body) -> None:
    """Put what is inside of a winmail.dat in its place; one that holds nothing we can read stays a file."""
    for part in list(body.files):
        if part.type not in tnef.TYPES and part.filename.lower() != tnef.FILE_NAME:
            continue
        if part.end - part.start > reader.limits.attachment_bytes:
            continue
        unpacked = tnef.unpack(reader.content(part))
        if unpacked is None:
            reader.note("winmail.dat not read")
        else:
            body.packed.append(unpacked)
            body.files.remove(part)


def read_files(reader: Reader, body: Body) -> Files:
    """The attachments, decoded, within the limits."""
    files: list[Attachment] = []
    pictures: dict[str, str] = {}
    room = reader.limits.attachment_bytes
    for part in _without_doubles(body.files):
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
        if cid := name_of(part.headers.get("content-id")):
            pictures.setdefault(cid, files[-1].name)
    for file in [file for packed in body.packed for file in packed.files]:
        if len(file.content) > room or len(files) >= reader.limits.attachments:
            reader.note("attachments too big")
            break
        room -= len(file.content)
        files.append(_packed_file(file, len(files) + 1))
        if file.content_id:
            pictures.setdefault(file.content_id, files[-1].name)
    return Files(tuple(files), pictures)


def _without_doubles(parts: list[Part]) -> Iterator[Part]:
    """A calendar mostly comes twice: as an alternative to the text, and as a file with a name."""
    named = any(part.type in CALENDARS and part.filename for part in parts)
    for part in parts:
        if not (named and part.type == CALENDAR and not part.filename):
            yield part


def _packed_file(file: PackedFile, number: int) -> Attachment:
    kind = file.type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Attachment(_safe_name(clean_line(file.name)) or f"file-{number}", clean_line(kind, 160), file.content)


def _packed_text(reader: Reader, packed: Unpacked, pictures: Mapping[str, str]) -> str:
    if packed.html:
        return _from_html(reader, clean(packed.html), pictures)
    return clean(packed.text)


def _gather(reader: Reader, part: Part, body: Body) -> None:
    if not part.is_multipart:
        _gather_leaf(reader, part, body)
    elif part.type == "multipart/alternative":
        _gather_best(reader, part, body)
    else:
        if _PGP_ENCRYPTED & {part.type, *[child.type for child in part.children]}:
            reader.note("encrypted")
        for child in part.children:
            _gather(reader, child, body)


def _gather_leaf(reader: Reader, part: Part, body: Body) -> None:
    if part.type == "message/disposition-notification":
        return
    if part.type in _SIGNATURES and not part.headers.get("roost-file"):  # one of ours is a file somebody uploaded
        return
    if part.type == "application/pgp-keys" and _KEY_OF_A_PROGRAM.fullmatch(part.filename):
        return
    if part.type in CMS_TYPES and is_encrypted_cms(reader.content(part)):
        reader.note("encrypted")
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


def _markdown(reader: Reader, part: Part, pictures: Mapping[str, str]) -> str:
    text = reader.text(part)
    if part.type == "text/html" or _LOOKS_LIKE_HTML.match(text):
        return _from_html(reader, text, pictures)
    if is_encrypted_text(text):
        reader.note("encrypted")
    if part.params.get("format", "").lower() == "flowed":
        text = unflow(text, part.params.get("delsp", "").lower() == "yes")
    return named_in_text(without_detours(without_armour(text)), pictures)


def _from_html(reader: Reader, html: str, pictures: Mapping[str, str]) -> str:
    if len(html) > reader.limits.html:
        reader.note("HTML too long")
    return to_markdown(named_in_html(html[: reader.limits.html], pictures), reader.limits.html)


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
    if part.type == CALENDAR:
        return "invite.ics"
    extension = _EXTENSIONS.get(part.type) or mimetypes.guess_extension(part.type) or ".bin"
    return f"{part.type.partition('/')[0]}-{number}{extension}"
