"""The addresses of a channel: its own, and the signed ones by which its guests take part."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.core import signing
from django.utils.crypto import salted_hmac

from channels_app.chat import sharing
from channels_app.chat.models import Channel, Share
from channels_app.letters import outgoing
from channels_app.mail import BOUNCE, LONGEST_LOCAL, REPLY, SHARE, reply_address
from workspace.people.models import Organization

LEAVE = "guests.leave"
ASK = "guests.ask"
ORG_LOCAL = "roost"


def secret() -> bytes:
    """What addresses are signed with."""
    return _secret(settings.SECRET_KEY)


@lru_cache(maxsize=2)
def _secret(key: str) -> bytes:
    digest: bytes = salted_hmac("channels_app.guests", "addresses", key, algorithm="sha256").digest()
    return digest


@lru_cache(maxsize=4)
def _signer(key: str, salt: str = LEAVE) -> signing.Signer:
    return signing.Signer(key=key, salt=salt, sep=".")


def channel_address(channel: Channel) -> str:
    """The channel's own address, short enough to be signed."""
    address = outgoing.address(channel)
    local, _, domain = address.rpartition("@")
    return address if len(local) <= LONGEST_LOCAL else f"{channel.id}@{domain}"


def reply_to(channel: Channel, person: str) -> str:
    """Where a guest (an id) writes to this channel."""
    return reply_address(channel_address(channel), REPLY, channel.id, person, secret())


def bounce_to(channel: Channel, person: str) -> str:
    """The envelope's sender of mail to a guest: where its failure is reported."""
    return reply_address(channel_address(channel), BOUNCE, channel.id, person, secret())


def org_address(org: Organization) -> str:
    """Where another server offers an organization a channel."""
    return f"{ORG_LOCAL}@{sharing.org_domain(org)}"


def share_address(share: Share) -> str:
    """Where the other side of a share writes to; nobody else knows it."""
    return reply_address(org_address(share.org), SHARE, share.id, "", secret())


def leave_url(channel: str, person: str) -> str:
    """Where a guest leaves the channel (both by id) by a click (RFC 8058)."""
    return _leave_url(settings.ROOST_URL, settings.SECRET_KEY, channel, person)


@lru_cache(maxsize=4096)
def _leave_url(root: str, key: str, channel: str, person: str) -> str:
    return f"{root}/leave/{_signer(key).sign(f'{channel}-{person}')}"


def read_leave(token: str) -> tuple[str, str] | None:
    """(channel, person) of a link, or None when it was not made here."""
    try:
        channel, _, person = _signer(settings.SECRET_KEY).unsign(token).partition("-")
    except signing.BadSignature:
        return None
    return channel, person


def ask_url(link: str) -> str:
    """The page of a `GuestLink` (an id), where people ask to take part."""
    return f"{settings.ROOST_URL}/guest/{_signer(settings.SECRET_KEY, ASK).sign(link)}"


def read_ask(token: str) -> str | None:
    """The link's id, or None when it was not made here."""
    try:
        return _signer(settings.SECRET_KEY, ASK).unsign(token)
    except signing.BadSignature:
        return None
