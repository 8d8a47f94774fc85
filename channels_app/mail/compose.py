"""A chat message as a mail (COI)."""

from channels_app.mail.model import LogEntry, Post


def compose_post(post: Post) -> bytes:
    """The mail of a chat message, CRLF lines, the same bytes every time."""
    raise NotImplementedError


def compose_log(entry: LogEntry) -> bytes:
    """The mail of any other event, for the channel's Log."""
    raise NotImplementedError
