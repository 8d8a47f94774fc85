"""Identifiers: 16 characters of [0-9A-Za-z] that sort by the time they were made."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TIME_CHARS = 7  # 62**7 milliseconds reach the year 2081
_RANDOM_CHARS = 9


def new_id(at_ms: int | None = None) -> str:
    """A fresh identifier; `at_ms` (Unix time in milliseconds) makes one for another moment."""
    ms = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    return _base62(ms, _TIME_CHARS) + _base62(secrets.randbelow(62**_RANDOM_CHARS), _RANDOM_CHARS)


def is_id(value: str) -> bool:
    """Whether `value` has the form of an identifier (it need not exist)."""
    return len(value) == _TIME_CHARS + _RANDOM_CHARS and value.isascii() and value.isalnum()


def _base62(number: int, width: int) -> str:
    chars = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        chars.append(_ALPHABET[digit])
    return "".join(reversed(chars))
