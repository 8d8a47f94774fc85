"""Header blocks: where they end, their fields, and encoded words (RFC 5322, RFC 2047), leniently."""

import binascii
import re
from dataclasses import dataclass, field

from channels_app.mail.charset import clean_line, decode
from channels_app.mail.model import Limits

_LEADING_BLANK = re.compile(rb"\r{0,2}\n")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n|\r\r")
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:[ \t]*(.*(?:\r?\n[ \t].*)*)", re.MULTILINE)
_STARTS_AS_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_FOLD = re.compile(rb"\r?\n[ \t]+|\r")
_WORD = re.compile(r"=\?([^?\s*]{1,64})(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_TRACE = re.compile(
    rb"^(?:received|return-path|delivered-to|envelope-to|authentication-results|arc-|x-)[!-9;-~]*[ \t]*:"
    rb".*(?:\n[ \t].*)*\n?",
    re.IGNORECASE | re.MULTILINE,
)
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(=\?[^?\s]{1,64}\?[bBqQ]\?)")


@dataclass(slots=True)
class Headers:
    """The fields of one block. `values` has the first of each name (lower case), `order` every (name, value)."""

    values: dict[str, str] = field(default_factory=dict)
    order: list[tuple[str, str]] = field(default_factory=list)
    repeated: set[str] = field(default_factory=set)
    defects: list[str] = field(default_factory=list)

    def get(self, name: str) -> str:
        """The unfolded raw value of the first field of that name (lower case); "" when there is none."""
        return self.values.get(name, "")

    def text(self, name: str, limit: int = 998) -> str:
        """The value as people read it: encoded words decoded, on one line."""
        return clean_line(decode_words(self.values.get(name, "")), limit)


def read_headers(raw: bytes, start: int, end: int, limits: Limits) -> tuple[Headers, int]:
    """The fields of the block at `raw[start:end]`, and where the body begins."""
    headers = Headers()
    if (blank := _LEADING_BLANK.match(raw, start, end)) is not None:
        return headers, blank.end()  # no header at all: this is the blank line that ends them
    stop, body = _extent(raw, start, end)
    if raw.startswith(b"From ", start) or raw.startswith(b">From ", start):  # mbox
        start = min(raw.find(b"\n", start) + 1 or stop, stop)
    if not _STARTS_AS_FIELD.match(raw, start, stop):
        headers.defects.append("no headers")
        return headers, start
    if stop - start > limits.header_bytes:
        headers.defects.append("header too long")
        stop = start + limits.header_bytes
    _collect(headers, raw[start:stop], limits)
    return headers, body


def without_trace(raw: bytes) -> bytes:
    """A mail without what the servers on its way write into its header: the same when it is handed over again."""
    stop, _ = _extent(raw, 0, len(raw))
    return _TRACE.sub(b"", raw[:stop]) + raw[stop:]


def decode_words(value: str) -> str:
    """Encoded words (RFC 2047) decoded wherever they stand; a character split over two words survives."""
    if "=?" not in value:
        return value
    value = _BETWEEN_WORDS.sub(r"\1\2", value)
    out: list[str] = []
    pending, charset, last = b"", "", 0
    for word in _WORD.finditer(value):
        between = value[last : word.start()]
        if pending and (between or word[1].lower() != charset):
            out.append(decode(pending, charset))
            pending = b""
        out.append(between)
        charset, last = word[1].lower(), word.end()
        pending += _word_bytes(word[2], word[3])
    if pending:
        out.append(decode(pending, charset))
    out.append(value[last:])
    return "".join(out)


def from_base64(raw: bytes) -> bytes:
    """Base64 as mails have it: junk between, padding missing or in the middle. Never raises."""
    try:
        return binascii.a2b_base64(raw)
    except (binascii.Error, ValueError):
        kept = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
        kept = kept[: len(kept) - 1] if len(kept) % 4 == 1 else kept
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def _word_bytes(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "surrogateescape")
    return from_base64(raw) if encoding in "bB" else binascii.a2b_qp(raw, header=True)


def _extent(raw: bytes, start: int, end: int) -> tuple[int, int]:
    found = _BLANK_LINE.search(raw, start, end)
    return (found.start(), found.end()) if found else (end, end)


def _collect(headers: Headers, block: bytes, limits: Limits) -> None:
    if b"\n" not in block:
        block = block.replace(b"\r", b"\n")
    for number, found in enumerate(_FIELD.finditer(block)):
        if number >= limits.headers:
            headers.defects.append("too many headers")
            return
        value = found[2]
        if len(value) > limits.header_line:
            headers.defects.append("header line too long")
            value = value[: limits.header_line]
        if b"\n" in value or b"\r" in value:
            value = _FOLD.sub(b" ", value)
        name, text = found[1].decode("ascii"), decode(value, None).strip()
        headers.order.append((name, text))
        if headers.values.setdefault(name.lower(), text) is not text:
            headers.repeated.add(name.lower())
