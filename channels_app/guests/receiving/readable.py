"""Mails that nobody here can open: their senders are told at once, by their own servers, in words they can follow."""

from __future__ import annotations

from channels_app.guests.receiving.answers import Declined
from channels_app.mail import Parsed

_ENCRYPTED = (
    "Your mail is encrypted (OpenPGP or S/MIME), and there is no key here that opens it. Nobody has read it, and it "
    "was not posted. Please send it once more without encryption."
)


def check(parsed: Parsed) -> None:
    """Raises `Declined` for an encrypted mail (RFC 3463: X.7.5, for want of a key)."""
    if "encrypted" in parsed.defects:
        raise Declined(_ENCRYPTED, status="5.7.5")
