"""The codec: chat messages to mails and mails to chat messages. Pure: no Django, no network, no clock."""

from channels_app.mail.compose import compose_post
from channels_app.mail.encode import preview_id
from channels_app.mail.ids import event_id, event_seq, message_id, parse_message_id
from channels_app.mail.letter import ComposedLetter, compose_letter, place
from channels_app.mail.log import compose_log
from channels_app.mail.model import (
    Address,
    Attachment,
    Letter,
    LetterKind,
    Limits,
    LogEntry,
    MessageId,
    Parsed,
    Post,
    Recipient,
)
from channels_app.mail.reading import parse
from channels_app.mail.reply import BOUNCE, LONGEST_LOCAL, REPLY, Purpose, Reply, matches, read_reply, reply_address

__all__ = [
    "BOUNCE",
    "LONGEST_LOCAL",
    "REPLY",
    "Address",
    "Attachment",
    "ComposedLetter",
    "Letter",
    "LetterKind",
    "Limits",
    "LogEntry",
    "MessageId",
    "Parsed",
    "Post",
    "Purpose",
    "Recipient",
    "Reply",
    "compose_letter",
    "compose_log",
    "compose_post",
    "event_id",
    "event_seq",
    "matches",
    "message_id",
    "parse",
    "parse_message_id",
    "place",
    "preview_id",
    "read_reply",
    "reply_address",
]
