"""Names as people type them: cleaned, limited, made into slugs and handles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from workspace.events.refusal import Invalid

NAME_LIMIT = 100
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean_name(value: str, *, field: str = "name", limit: int = NAME_LIMIT) -> str:
    """A display name: NFC, one line, no control or direction-override characters.

    Raises `Invalid` when nothing is left or it is longer than `limit` characters.
    """
    cleaned = " ".join(_UNSAFE.sub(" ", unicodedata.normalize("NFC", value)).split())
    if not cleaned:
        raise Invalid("A name is needed.", fields={field: "empty"})
    if len(cleaned) > limit:
        raise Invalid(f"At most {limit} characters.", fields={field: "too long"})
    return cleaned


def clean_email(value: str) -> str:
    """A mail address in lower case. Raises `Invalid` when it is none."""
    value = value.strip().lower()
    try:
        validate_email(value)
    except ValidationError as error:
        raise Invalid("This is not a mail address.", fields={"email": "invalid"}) from error
    if len(value) > 254 or not value.isascii():
        raise Invalid("This mail address can't be used.", fields={"email": "invalid"})
    return value


def slug(value: str, *, limit: int = 40) -> str:
    """Lower-case ASCII letters, digits and hyphens; may be empty."""
    ascii_only = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:limit].strip("-")


def handle(value: str, *, limit: int = 36) -> str:
    """What follows `@` in a mention: lower-case ASCII letters, digits, dot, hyphen, underscore."""
    ascii_only = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._-]+", "", ascii_only).strip("._-")[:limit].strip("._-") or "someone"


def numbered(base: str) -> Iterator[str]:
    """base, base-2, base-3, …"""
    yield base
    for number in range(2, 10_000):
        yield f"{base}-{number}"
