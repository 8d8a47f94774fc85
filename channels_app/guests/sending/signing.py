"""The signature of everything that leaves: by one key, for MAIL_DOMAIN.

From is at a subdomain of it, the organization's. DMARC takes that for aligned unless somebody asked for strictness
(RFC 7489, 3.1.1), so that one record in DNS serves all organizations, those to come too.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from channels_app.mail import ComposedLetter, Recipient, dkim
from workspace.events.lanes import TryLater


def signed_letter(letter: ComposedLetter, recipient: Recipient) -> bytes:
    """The mail for one reader. Raises `TryLater` without a key that can be used."""
    head = letter.head_to(recipient)
    return b"".join((dkim.signature(head, letter.body_hash, key()), head, b"\r\n", letter.body))


def signed(mail: bytes) -> bytes:
    """Any other mail (CRLF lines). Raises `TryLater` without a key that can be used."""
    return dkim.sign(mail, key())


def key() -> dkim.Key:
    """Ours. Raises `TryLater` when there is none that can be used, and says why."""
    try:
        return _key(settings.DKIM_KEY, settings.DKIM_SELECTOR, settings.MAIL_DOMAIN)
    except (OSError, ValueError) as error:
        raise TryLater(f"nothing can be signed (DKIM_KEY, DKIM_SELECTOR): {error}") from None


@lru_cache(maxsize=4)
def _key(path: Path, selector: str, domain: str) -> dkim.Key:
    return dkim.read_key(path.read_bytes(), selector=selector, domain=domain)
