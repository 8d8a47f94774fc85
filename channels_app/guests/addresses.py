"""The addresses of a channel: its own, and the signed ones by which its guests take part."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.utils.crypto import salted_hmac

from channels_app.chat.models import Channel
from channels_app.letters import outgoing
from channels_app.mail import BOUNCE, LONGEST_LOCAL, REPLY, reply_address
from workspace.people.models import Person

LEAVE = "guests.leave"


def secret() -> bytes:
    """What addresses are signed with."""
    digest: bytes = salted_hmac("channels_app.guests", "addresses", algorithm="sha256").digest()
    return digest


def channel_address(channel: Channel) -> str:
    """The channel's own address, short enough to be signed."""
    address = outgoing.address(channel)
    local, _, domain = address.rpartition("@")
    return address if len(local) <= LONGEST_LOCAL else f"{channel.id}@{domain}"


def reply_to(channel: Channel, person: Person) -> str:
    """Where a guest writes to this channel."""
    return reply_address(channel_address(channel), REPLY, channel.id, person.id, secret())


def bounce_to(channel: Channel, person: Person) -> str:
    """The envelope's sender of mail to a guest: where its failure is reported."""
    return reply_address(channel_address(channel), BOUNCE, channel.id, person.id, secret())


def leave_url(channel: Channel, person: Person) -> str:
    """Where a guest leaves the channel by a click (RFC 8058)."""
    return f"{settings.ROOST_URL}/leave/{signing.Signer(salt=LEAVE, sep='.').sign(f'{channel.id}-{person.id}')}"


def read_leave(token: str) -> tuple[str, str] | None:
    """(channel, person) of a link, or None when it was not made here."""
    try:
        channel, _, person = signing.Signer(salt=LEAVE, sep=".").unsign(token).partition("-")
    except signing.BadSignature:
        return None
    return channel, person
