"""What a chat program does to a group beside writing in it: the guest may leave; the rest is the members' to change."""

from __future__ import annotations

from channels_app.chat import guests
from channels_app.chat.models import Channel
from channels_app.guests.receiving.answers import Answer, Declined
from channels_app.guests.receiving.judging import Writer
from channels_app.guests.secure import announced
from channels_app.guests.secure.opening import Opened

LEFT = Answer(250, "2.0.0", "Goodbye.")
NOT_A_GUESTS = "Who is in this channel, and what it is called, is changed by its members, not by mail."
NO_SUCH_THING = "Messages don't vanish here, and this can't be sent to a channel."

_CHANGES = ("chat-group-member-added", "chat-group-name-changed", "chat-group-description-changed")
_CONTENTS = {"group-avatar-changed": NOT_A_GUESTS, "ephemeral-timer-changed": NO_SUCH_THING, "call": NO_SUCH_THING}


def settle(mail: Opened, channel: Channel, writer: Writer) -> Answer | None:
    """Do what a mail asks of the group; None for what is said in it. Raises `Declined`."""
    headers = mail.headers
    if gone := headers.get("chat-group-member-removed").strip().lower():
        if gone != writer.person.email.lower():
            raise Declined(NOT_A_GUESTS)
        guests.leave(guest=writer.person, channel=channel.id)
        return LEFT
    if any(name in headers.values for name in _CHANGES):
        raise Declined(NOT_A_GUESTS)
    if why := _CONTENTS.get(headers.get("chat-content").strip().lower()):
        raise Declined(why)
    return announced.settle(mail, channel, writer.person)
