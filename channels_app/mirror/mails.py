"""Messages as the mails of a folder: what `letters` composes, with the time and the flags that mail programs show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from channels_app.chat.models import Channel, Message
from channels_app.letters import outgoing
from channels_app.mirror.wire import Mail

PINNED = "\\Flagged"


def posts(channel: Channel, rows: Sequence[Message]) -> Iterator[Mail]:
    """Messages as mails, in order: three queries for all of them; files are read as their mail's turn comes."""
    around = outgoing.gather(channel, rows)
    for row in rows:
        flags = ("$Chat", PINNED) if row.pinned_at else ("$Chat",)
        yield Mail(outgoing.compose(row, around), row.created_at, flags)
