"""Message-IDs of ours: derived from what they name, never random, so a retry gives the same id.

Shape after the COI client specification: `<chat$group.GROUPID.LOCAL@domain>`.
"""

import re

from channels_app.mail.model import MessageId

_OURS = re.compile(
    r"<?chat\$group\.(?P<channel>[0-9A-Za-z_-]{12,64})\.(?P<message>[0-9A-Za-z_-]{12,64})"
    r"@(?P<domain>[0-9A-Za-z](?:[0-9A-Za-z.-]{0,252}[0-9A-Za-z])?)>?"
)


def message_id(channel_uid: str, message_uid: str, domain: str) -> str:
    """The Message-ID of a message, angle brackets included."""
    return f"<chat$group.{channel_uid}.{message_uid}@{domain}>"


def event_id(channel_uid: str, seq: int, domain: str) -> str:
    """The Message-ID of an entry of a channel's Log; `seq` is the event's number in the channel's stream."""
    return message_id(channel_uid, f"event{seq:012d}", domain)


def parse_message_id(value: str) -> MessageId | None:
    """What an id of our shape says, or None for a foreign one. The caller still compares the domain."""
    found = _OURS.fullmatch(value.strip())
    return MessageId(found["channel"], found["message"], found["domain"]) if found else None


def event_seq(own: MessageId) -> int | None:
    """The event's number when `own` is the id of a Log entry, else None."""
    digits = own.message.removeprefix("event")
    return int(digits) if len(digits) >= 12 and digits != own.message and digits.isdecimal() else None
