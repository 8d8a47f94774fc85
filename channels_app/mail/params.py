"""Headers with parameters: `type/subtype; name=value`, with RFC 2231 and everything people write instead."""

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from channels_app.mail.charset import clean_line, decode
from channels_app.mail.headers import decode_words

_PARAM = re.compile(r';\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_CONTINUED = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}")


def split_value(value: str) -> tuple[str, dict[str, str]]:
    """The value before the first `;` in lower case, and its parameters by lower-case name, decoded."""
    main, semicolon, _ = value.partition(";")
    if not semicolon:
        return main.strip().lower(), {}
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for name, text in _pairs(value):
        if "*" not in name:
            plain.setdefault(name, clean_line(decode_words(text)))
        elif (found := _CONTINUED.fullmatch(name)) is not None:
            pieces.setdefault(found[1], []).append((int(found[2] or 0), bool(found[3]), text))
    for name, parts in pieces.items():
        plain[name] = clean_line(_joined(sorted(parts, key=lambda part: part[0])))
    return main.strip().lower(), plain


def content_type(value: str) -> tuple[str, dict[str, str]]:
    """A MIME type in lower case and its parameters; text/plain when there is none or it makes no sense."""
    kind, params = split_value(value)
    if _TYPE.fullmatch(kind):
        return kind, params
    return ("text/plain" if not kind or kind == "text" else "application/octet-stream"), params


def _pairs(value: str) -> Iterator[tuple[str, str]]:
    for number, found in enumerate(_PARAM.finditer(value)):
        if number >= 100:
            return
        text = found[2].strip()
        if text.startswith('"'):
            text = text[1:].removesuffix('"') if text != '"' else ""
            text = re.sub(r"\\(.)", r"\1", text) if "\\" in text else text
        yield found[1].lower(), text


def _joined(parts: list[tuple[int, bool, str]]) -> str:
    """RFC 2231: the charset stands in the first piece, only pieces marked with `*` are percent-encoded."""
    first = parts[0][2]
    charset, quoted = "", False
    if parts[0][1] and first.count("'") >= 2:
        charset, _, first = first.split("'", 2)
        parts = [(0, True, first), *parts[1:]]
        quoted = True
    raw = b"".join(
        unquote_to_bytes(text) if encoded else text.encode("utf-8", "surrogateescape") for _, encoded, text in parts
    )
    text = decode(raw, charset)
    return text if quoted else decode_words(text)
