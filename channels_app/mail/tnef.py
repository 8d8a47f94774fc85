"""winmail.dat: what Outlook and Exchange pack into one part (MS-OXTNEF), unpacked.

A stream of attributes, each with its length; properties (MS-OXCDATA, 2.8 in TNEF's own form) inside three of them. The
counts in it are whatever its sender likes, so everything here is bounded by the bytes that are really there; the
libraries for it count to 2^32 when they are told to.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels_app.mail.charset import decode

#: The media types of it; some servers know only the name of the file.
TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
FILE_NAME = "winmail.dat"

_SIGNATURE = 0x223E9F78
_MOST_ATTRIBUTES = 2_000
_MOST_PROPERTIES = 500
_MOST_FILES = 100

# Attributes
_BODY, _PROPERTIES, _CODEPAGE = 0x800C, 0x9003, 0x9007
_FILE_BEGINS, _FILE_TITLE, _FILE_DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005

# Properties
_TEXT, _HTML, _INTERNET_CODEPAGE = 0x1000, 0x1013, 0x3FDE
_FILE_OBJECT, _SHORT_NAME, _LONG_NAME, _FILE_TYPE, _CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
_FIXED_SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_UNICODE, _STRING = 0x1F, 0x1E
_VARIABLE = frozenset({_STRING, _UNICODE, 0x0D, 0x102})
_MANY = 0x1000


@dataclass(slots=True)
class PackedFile:
    """A file inside. `type` and `content_id` are empty when it does not say."""

    name: str = ""
    content: bytes = b""
    type: str = ""
    content_id: str = ""


@dataclass(slots=True)
class Unpacked:
    """The text (or the HTML) of the mail, either may be empty, and its files."""

    text: str = ""
    html: str = ""
    files: list[PackedFile] = field(default_factory=list)


def unpack(raw: bytes) -> Unpacked | None:
    """What is in a winmail.dat; None for one that holds nothing we can read."""
    try:
        found = _unpacked(raw)
    except (struct.error, ValueError, LookupError):
        return None
    found.files = [file for file in found.files if file.content]
    return found if found.text or found.html or found.files else None


def _unpacked(raw: bytes) -> Unpacked:
    """Raises struct.error and ValueError for what is none, or is cut off."""
    if struct.unpack_from("<I", raw)[0] != _SIGNATURE:
        raise ValueError("not TNEF")
    found, codepage = Unpacked(), "cp1252"
    for name, start, end in _attributes(raw):
        if name == _CODEPAGE:
            codepage = f"cp{struct.unpack_from('<I', raw, start)[0]}"
        elif name == _BODY:
            found.text = _string(raw[start:end], codepage)
        elif name == _PROPERTIES:
            _read_body(found, dict(_properties(raw, start, end, codepage)), codepage)
        elif name == _FILE_BEGINS:
            if len(found.files) >= _MOST_FILES:
                raise ValueError("too many files")
            found.files.append(PackedFile())
        elif found.files:
            _read_file(found.files[-1], name, raw, (start, end), codepage)
    return found


def _attributes(raw: bytes) -> Iterator[tuple[int, int, int]]:
    """(name, start, end) of each: level, name, type, length, the bytes, and a checksum that many get wrong."""
    at = 6
    for _ in range(_MOST_ATTRIBUTES):
        if at + 11 > len(raw):
            return
        _, name, _, length = struct.unpack_from("<BHHI", raw, at)
        start, end = at + 9, at + 9 + length
        if end + 2 > len(raw):
            raise ValueError("cut off")
        yield name, start, end
        at = end + 2
    raise ValueError("too many attributes")


def _read_body(found: Unpacked, properties: dict[int, bytes | str | int], codepage: str) -> None:
    internet = properties.get(_INTERNET_CODEPAGE)
    html, text = properties.get(_HTML), properties.get(_TEXT)
    if isinstance(html, bytes):
        html = _string(html, f"cp{internet}" if isinstance(internet, int) and internet != 65001 else "utf-8")
    if isinstance(html, str):
        found.html = html
    if isinstance(text, str):
        found.text = text


def _read_file(file: PackedFile, name: int, raw: bytes, span: tuple[int, int], codepage: str) -> None:
    if name == _FILE_TITLE:
        file.name = file.name or _string(raw[slice(*span)], codepage)
    elif name == _FILE_DATA:
        file.content = raw[slice(*span)]
    elif name == _FILE_PROPERTIES:
        properties = dict(_properties(raw, *span, codepage))
        file.name = _said(properties, _LONG_NAME) or file.name or _said(properties, _SHORT_NAME)
        file.type = _said(properties, _FILE_TYPE).lower()
        file.content_id = _said(properties, _CONTENT_ID)
        content = properties.get(_FILE_OBJECT)
        if isinstance(content, bytes) and not file.content:
            file.content = content


def _said(properties: dict[int, bytes | str | int], name: int) -> str:
    value = properties.get(name)
    return value if isinstance(value, str) else ""


def _properties(raw: bytes, start: int, end: int, codepage: str) -> Iterator[tuple[int, bytes | str | int]]:
    """(id, value) of those with one value of a kind we use; what cannot be read ends them."""
    (count,) = struct.unpack_from("<I", raw, start)
    at = start + 4
    for _ in range(min(count, _MOST_PROPERTIES)):
        try:
            kind, name = struct.unpack_from("<HH", raw, _within(at, end - 4))
            at = _after_name(raw, at + 4) if name >= 0x8000 else at + 4
            value, at = _value(raw, at, end, kind, codepage)
        except (struct.error, ValueError, LookupError):
            return
        if value is not None:
            yield name, value


def _after_name(raw: bytes, at: int) -> int:
    """Where the name of a named property ends: a GUID, and a number or a string."""
    (kind,) = struct.unpack_from("<I", raw, at + 16)
    if kind == 0:
        return at + 24
    (length,) = struct.unpack_from("<I", raw, at + 20)
    return at + 24 + _padded(int(length))


def _value(raw: bytes, at: int, end: int, kind: int, codepage: str) -> tuple[bytes | str | int | None, int]:
    """(value, or None for one of no use to us, where the next property begins)."""
    many, kind = bool(kind & _MANY), kind & ~_MANY
    if kind in _FIXED_SIZES:
        count, at = _count(raw, at, many)
        value = struct.unpack_from("<I", raw, at)[0] if kind == 0x03 and not many else None
        return value, _within(at + count * _FIXED_SIZES[kind], end)
    if kind not in _VARIABLE:
        raise ValueError(f"unknown kind of property: {kind:#x}")
    count, at = _count(raw, at, many=True)
    first: bytes | None = None
    for _ in range(count):
        (length,) = struct.unpack_from("<I", raw, at)
        first = raw[at + 4 : at + 4 + length] if first is None else first
        at = _within(at + 4 + int(length), end) + -length % 4  # the last one need not be padded
    if first is None or kind in (_UNICODE, _STRING):
        return None if first is None else _string(first, "utf-16-le" if kind == _UNICODE else codepage), at
    return first, at


def _count(raw: bytes, at: int, many: bool) -> tuple[int, int]:
    return (int(struct.unpack_from("<I", raw, at)[0]), at + 4) if many else (1, at)


def _within(at: int, end: int) -> int:
    if at > end:
        raise ValueError("cut off")
    return at


def _padded(length: int) -> int:
    return (length + 3) & ~3


def _string(raw: bytes, codepage: str) -> str:
    return decode(raw, codepage).rstrip("\0")
