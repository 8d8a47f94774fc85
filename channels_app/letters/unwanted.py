"""Mails that no carrier takes in, whoever may have sent them."""

from __future__ import annotations

from channels_app.mail import Parsed

# Forms that are used to fool people, and bombs: what is in them is kept, not shown.
REFUSED_DEFECTS = (
    "several senders", "repeated from", "mail too big", "too many parts", "nested too deep", "unreadable",
    "too many attachments", "attachments too big",
)  # fmt: skip
NO_PERSON = {"auto-replied", "bounce", "receipt"}


class Unwanted(Exception):
    """Why a mail goes to quarantine."""


def check(parsed: Parsed) -> None:
    """Raises `Unwanted` for a form that fools people, and for what no person wrote."""
    check_form(parsed)
    if parsed.auto in NO_PERSON:
        raise Unwanted(f"written by no person ({parsed.auto})")


def check_form(parsed: Parsed) -> None:
    """Raises `Unwanted` for a form that fools people."""
    for defect in parsed.defects:
        if defect.startswith(REFUSED_DEFECTS):
            raise Unwanted(defect)
