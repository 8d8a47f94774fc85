"""The codec: chat messages to mails and mails to chat messages. Pure: no Django, no network, no clock."""

from channels_app.mail.compose import compose_post
from channels_app.mail.ids import event_id, event_seq, message_id, parse_message_id
from channels_app.mail.log import compose_log
from channels_app.mail.model import Address, Attachment, Limits, LogEntry, MessageId, Parsed, Post
from channels_app.mail.reading import parse

__all__ = [
    "Address",
    "Attachment",
    "Limits",
    "LogEntry",
    "MessageId",
    "Parsed",
    "Post",
    "compose_log",
    "compose_post",
    "event_id",
    "event_seq",
    "message_id",
    "parse",
    "parse_message_id",
]
