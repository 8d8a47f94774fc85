"""Mails between two servers that say nothing of the conversation: offers, answers to them, how far one is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from channels_app.mail.charset import clean_line
from channels_app.mail.compose import flowed_part, roost
from channels_app.mail.dates import write_date
from channels_app.mail.encode import ids, mailbox, unstructured
from channels_app.mail.model import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`text` is for people, `roost` (headers `Roost-*`) for the other server. `auto`: no person caused this mail."""

    message_id: str
    sender: Address
    to: Address
    subject: str
    date: datetime
    text: str
    roost: Mapping[str, str] = field(default_factory=dict)
    auto: bool = True


def compose_note(note: Note) -> bytes:
    """The mail. CRLF lines, ASCII.

    Raises ValueError for a naive date, a Message-ID that cannot be written in ASCII, and for `roost` names that are
    no header names.
    """
    if not ids(note.message_id):
        raise ValueError(f"not a Message-ID: {note.message_id[:200]!r}")
    lines = [
        f"From: {mailbox(note.sender)}",
        f"To: {mailbox(note.to)}",
        f"Subject: {unstructured(clean_line(note.subject, 200))}",
        f"Date: {write_date(note.date)}",
        f"Message-ID: {note.message_id}",
        *(["Auto-Submitted: auto-generated"] if note.auto else []),
        *roost(note.roost),
        "MIME-Version: 1.0",
    ]
    return "\r\n".join(lines).encode("ascii") + b"\r\n" + flowed_part(note.text) + b"\r\n"
