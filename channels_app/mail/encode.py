"""Writing mail: header values (RFC 2047, 2231, 5322) and bodies (RFC 2045) as ASCII lines of at most 998 bytes."""

import binascii
import re
from functools import lru_cache
from urllib.parse import quote

from channels_app.mail.charset import clean_line
from channels_app.mail.model import Address, Attachment

_PRINTABLE = re.compile(r"[!-~](?:[ -~]{0,898}[!-~])?")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/^_`{|}~-]+){0,20}")
_NOT_IN_EMAIL = re.compile(r'[^!-~]|[<>,;:"()\\\[\]]')
_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,80}")
_NOT_PLAIN = re.compile(r"[^\t\n -~]|[ \t](?:\n|\Z)|^From |^\.\n", re.MULTILINE)
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_WORD_BYTES = 42  # what base64 turns into 56 characters: with its frame an encoded word of 68


@lru_cache(maxsize=4096)
def unstructured(value: str) -> str:
    """A header value for people, exact: anything but usual ASCII goes into encoded words."""
    if not value or (_PRINTABLE.fullmatch(value) and "=?" not in value):
        return value
    return _encoded_words(value)


@lru_cache(maxsize=4096)
def mailbox(address: Address) -> str:
    """`Name <local@domain>`; what may not stand in an address is left out, so nothing can break out of its header."""
    email = addr_spec(address.email)
    name = clean_line(address.name, 200)
    if not name:
        return f"<{email}>"
    if "=?" not in name and name.isascii():
        if _ATOMS.fullmatch(name):
            return f"{name} <{email}>"
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{email}>'
    return f"{_encoded_words(name)} <{email}>"


def list_id(name: str, identifier: str) -> str:
    """`Name <identifier>` (RFC 2919). Never a quoted string, because Delta Chat shows the quotes."""
    identifier = _NOT_IN_EMAIL.sub("", identifier)[:255]
    name = clean_line(name, 200)
    if not name:
        return f"<{identifier}>"
    return f"{name if _ATOMS.fullmatch(name) else _encoded_words(name)} <{identifier}>"


def addr_spec(email: str) -> str:
    """`local@domain` without what may not stand there (quotes and brackets too), at most 320 characters."""
    return _NOT_IN_EMAIL.sub("", email)[:320]


def ids(*values: str) -> str:
    """Message-IDs for References and In-Reply-To; one that cannot be written in ASCII is left out."""
    return " ".join([value for value in values if _ID.fullmatch(value)])


def text_body(text: str, *, quoted: bool = False) -> tuple[str, bytes]:
    """(Content-Transfer-Encoding, body) of a UTF-8 text with LF ends, such that decoding gives it back exactly.

    7bit when it is plain enough, else quoted-printable, else base64 (of the text with LF ends as it is). `quoted`:
    quoted-printable in any case.
    """
    if quoted:
        return "quoted-printable", quoted_printable(text.encode("utf-8", "replace"))
    if text.isascii() and not _NOT_PLAIN.search(text) and (len(text) < 990 or max(map(len, text.split("\n"))) < 990):
        return "7bit", text.replace("\n", "\r\n").encode("ascii")
    raw = text.encode("utf-8", "replace")
    if (len(raw) - len(text)) * 5 > len(raw) or _NOT_TEXT.search(text):
        return "base64", base64_lines(raw)
    return "quoted-printable", quoted_printable(raw)


def quoted_printable(raw: bytes) -> bytes:
    """A text with LF ends in quoted-printable (RFC 2045, 6.7), with CRLF ends."""
    encoded = binascii.b2a_qp(raw.replace(b"\n", b"\r\n"), quotetabs=False, istext=True)
    # It breaks lines as the first line of the text ends; a text of one line it breaks by bare LF.
    return encoded if b"\n" in raw else encoded.replace(b"\n", b"\r\n")


def base64_lines(raw: bytes) -> bytes:
    """Base64 in CRLF lines of 76 characters, without a line end after the last."""
    whole = binascii.b2a_base64(raw, newline=False)
    if len(whole) <= 76:
        return whole
    return b"\r\n".join([whole[at : at + 76] for at in range(0, len(whole), 76)])


def attachment_part(file: Attachment, domain: str) -> bytes:
    """A whole body part, headers included, of a file. Always base64: a file must come back byte by byte."""
    kind = file.type if _TYPE.fullmatch(file.type) else "application/octet-stream"
    headers = []
    if kind.lower().startswith(("message/", "multipart/")):  # RFC 2046 forbids base64 for these
        headers.append(f"Roost-Type: {kind}")
        kind = "application/octet-stream"
    disposition = "inline" if file.inline else "attachment"
    headers.append(f"Content-Type: {kind}")
    headers.append(f"Content-Disposition: {disposition};{_filename(file.name)} size={len(file.content)}")
    headers.append("Content-Transfer-Encoding: base64")
    if file.file_id and (file_id := _NOT_IN_EMAIL.sub("", file.file_id)[:100]):
        cid = preview_id(file_id, domain) if file.preview else f"{file_id}@{domain}"
        headers.append(f"Content-ID: <{cid}>\r\nRoost-File: {file_id}")
    if file.preview:
        headers.append("Chat-Content: preview")
    return "\r\n".join(headers).encode("ascii") + b"\r\n\r\n" + base64_lines(file.content)


def preview_id(file_id: str, domain: str) -> str:
    """By which HTML refers to the small picture of a file (RFC 2392)."""
    return f"preview.{file_id}@{domain}"


def _filename(name: str) -> str:
    name = clean_line(name, 255)
    if not name:
        return ""
    if _PRINTABLE.fullmatch(name) and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'\r\n filename="{escaped}";'
    encoded = "utf-8''" + quote(name, safe="")
    if len(encoded) < 900:
        return f"\r\n filename*={encoded};"
    pieces = [encoded[at : at + 900] for at in range(0, len(encoded), 900)]
    return "".join([f"\r\n filename*{number}*={piece};" for number, piece in enumerate(pieces)])


def _encoded_words(value: str) -> str:
    words: list[bytes] = []
    word: list[bytes] = []
    room = _WORD_BYTES
    for char in value:
        raw = char.encode("utf-8", "replace")
        if len(raw) > room:
            words.append(b"".join(word))
            word, room = [], _WORD_BYTES
        word.append(raw)
        room -= len(raw)
    words.append(b"".join(word))
    return "\r\n ".join(["=?utf-8?b?" + binascii.b2a_base64(raw, newline=False).decode() + "?=" for raw in words])
