"""Which message a mail answers or acts on."""

from __future__ import annotations

from collections.abc import Iterable

from channels_app.chat.models import Channel, Message
from channels_app.mail import Parsed, parse_message_id


class Targets:
    """The messages of a channel that the mails of a batch name; looked up at once."""

    def __init__(self, channel: Channel, mails: Iterable[Parsed]) -> None:
        self._known = _messages(channel, {value for parsed in mails for value in _answered(parsed)})

    def find(self, parsed: Parsed) -> str | None:
        """The id of the message a mail answers, by In-Reply-To and then References, the last first."""
        return next((self._known[value] for value in _answered(parsed) if value in self._known), None)

    def learn(self, message_id: str | None, message: str) -> None:
        """A mail of this batch became a message; others of it may answer it."""
        if message_id:
            self._known.setdefault(message_id, message)


def _answered(parsed: Parsed) -> list[str]:
    named = [parsed.in_reply_to, *reversed(parsed.references)]
    return list(dict.fromkeys(value for value in named if value))


def _messages(channel: Channel, values: set[str]) -> dict[str, str]:
    """Messages by our own Message-IDs, and by those of the mails they came in as."""
    if not values:
        return {}
    own = {value: parsed.message for value in values if (parsed := parse_message_id(value)) is not None}
    rows = Message.objects.filter(channel=channel)
    there = set(rows.filter(id__in=own.values()).values_list("id", flat=True)) if own else set()
    found = {value: id for value, id in own.items() if id in there}
    foreign = values - found.keys()  # ids of our form too: those of another server
    if foreign:
        for value, id in rows.filter(external_id__in=foreign).values_list("external_id", "id"):
            found[str(value)] = id
    return found
