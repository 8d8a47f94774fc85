"""What people type, made safe to keep: one kind of line break, no NUL, a limit that is said."""

from __future__ import annotations

from django.conf import settings

from workspace.events.refusal import Invalid


def clean(text: str, *, field: str = "text") -> str:
    """The text as it is kept: line breaks as \\n, no space at the end.

    Raises `Invalid` for NUL, lone surrogates (broken UTF-8) and more than `TEXT_LIMIT` characters.
    """
    if len(text) > settings.TEXT_LIMIT:
        raise Invalid(f"A message can have at most {settings.TEXT_LIMIT:,} characters.", fields={field: "too long"})
    if "\0" in text or not _encodable(text):
        raise Invalid("This text has characters that can't be kept.", fields={field: "broken characters"})
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip()


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
