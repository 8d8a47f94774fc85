"""What a welcome says of the other channels of the same invitation: they have none of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from channels_app.chat.models import Channel
from channels_app.guests import addresses
from channels_app.letters import outgoing


def as_well(channels: Sequence[Channel], guest: str) -> Iterator[str]:
    """Paragraphs on the channels in which a guest (an id) takes part by the same invitation."""
    if not channels:
        return
    names = ", ".join(f"“{outgoing.shown_name(channel)}”" for channel in channels)
    yield f"You take part in {names} as well. Their mails come one by one, too; answers go where they came from."
    for channel in channels:
        about = f" ({channel.topic})" if channel.topic else ""
        yield (
            f"{outgoing.shown_name(channel)}{about}\n"
            f"Write: {addresses.reply_to(channel, guest)}\n"
            f"Leave: {addresses.leave_url(channel.id, guest)}"
        )
