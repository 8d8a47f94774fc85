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
from channels_app.mail.note import Note, compose_note
from channels_app.mail.reading import parse
from channels_app.mail.reply import (
    BOUNCE,
    LONGEST_LOCAL,
    REPLY,
    SHARE,
    Purpose,
    Reply,
    matches,
    read_reply,
    reply_address,
)
from channels_app.mail.slip import Heard, Slip, SlipKind, read_slip, write_slip

__all__ = [
    "BOUNCE",
    "LONGEST_LOCAL",
    "REPLY",
    "SHARE",
    "Address",
    "Attachment",
    "ComposedLetter",
    "Heard",
    "Letter",
    "LetterKind",
    "Limits",
    "LogEntry",
    "MessageId",
    "Note",
    "Parsed",
    "Post",
    "Purpose",
    "Recipient",
    "Reply",
    "Slip",
    "SlipKind",
    "compose_letter",
    "compose_log",
    "compose_note",
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
    "read_slip",
    "reply_address",
    "write_slip",
]
