"""Bytes to text, whatever the label says, and text that a database and a browser can hold."""

import codecs
import re
from functools import lru_cache

# What mails call a charset is often a subset of what they use (the WHATWG encoding standard has the same list).
_WIDER = {
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
}
_ALIASES = {"ks_c_5601-1987": "cp949", "unicode-1-1-utf-7": "utf-7", "utf8mb4": "utf-8", "iso-8859-8-i": "iso-8859-8"}
# Python knows these as text encodings, but no mail means them, and idna and punycode are slow on purpose-made input.
_NOT_IN_MAIL = frozenset(
    {"idna", "punycode", "unicode_escape", "unicode-escape", "raw_unicode_escape", "raw-unicode-escape", "mbcs", "oem",
     "undefined", "palmos"}
)  # fmt: skip
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_UNWANTED_IN_LINE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff\u2028\u2029]+")


def decode(raw: bytes, charset: str | None) -> str:
    """The text of `raw`; an unknown or wrong charset falls back to UTF-8 and then Windows-1252. Never raises."""
    codec = _codec(charset[:64]) if charset else "utf-8"
    if codec == "utf-8":
        return _utf8_or_western(raw)
    try:
        return raw.decode(codec)
    except (UnicodeError, ValueError):
        pass
    try:
        return raw.decode("utf-8")  # the commonest lie
    except UnicodeError:
        return raw.decode(codec, "replace")


def known(charset: str) -> bool:
    """Whether we can read this charset, under whichever of its names."""
    return _lookup(charset.strip()[:64]) is not None


def clean(text: str) -> str:
    """Text over several lines with LF ends, without what neither PostgreSQL nor a browser takes (NUL, surrogates)."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return without_controls(text)


def without_controls(text: str) -> str:
    """The same text, line ends untouched, minus NUL, other control characters and lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    return _UNWANTED.sub("", text)


def clean_line(text: str, limit: int = 998) -> str:
    """Text of a header as one line of at most `limit` characters."""
    text = text[: limit * 2]
    if not (text.isascii() and text.isprintable()):
        text = _UNWANTED_IN_LINE.sub(" ", text)
    return " ".join(text.split())[:limit].rstrip()


def _utf8_or_western(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeError:
        # Mostly good UTF-8 with some broken bytes stays UTF-8; anything else is what old mailers send unlabelled.
        text = raw.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        return text if broken * 4 < sum(char > "\x7f" for char in text) else raw.decode("cp1252", "replace")


@lru_cache(maxsize=256)
def _codec(charset: str) -> str:
    return _lookup(charset.strip().strip("\"'")) or "utf-8"


def _lookup(charset: str) -> str | None:
    wanted = charset.lower()
    wanted = _WIDER.get(wanted, _ALIASES.get(wanted, wanted))
    try:
        found = codecs.lookup(wanted)
    except (LookupError, ValueError, TypeError, OverflowError):
        return None
    if not getattr(found, "_is_text_encoding", True) or found.name in _NOT_IN_MAIL:
        return None
    return _WIDER.get(found.name, found.name)
