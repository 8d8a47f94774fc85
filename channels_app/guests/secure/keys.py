"""Keys of channels and certificates of guests. Encryption is between a guest and this server, which reads it all."""

from __future__ import annotations

from functools import lru_cache

from channels_app.chat.models import Channel
from channels_app.guests.models import ChannelKey, GuestKey
from channels_app.letters import outgoing
from channels_app.mail import group, openpgp
from workspace.people.models import Person


def address(channel: Channel) -> str:
    """Where encrypted mail of a channel comes from and goes to, whatever the channel is called: by its id."""
    return f"{channel.id.lower()}@{outgoing.address(channel).rpartition('@')[2]}"


def known_secret(channel: Channel) -> bytes | None:
    """The channel's key, if it has one."""
    found = ChannelKey.objects.filter(channel=channel).first()
    return bytes(found.secret) if found else None


def secret(channel: Channel) -> bytes:
    """The channel's key; made when it is asked for the first time."""
    if (known := known_secret(channel)) is not None:
        return known
    ChannelKey.objects.bulk_create(
        [ChannelKey(channel=channel, secret=openpgp.new_key(address(channel)))], ignore_conflicts=True
    )
    return bytes(ChannelKey.objects.get(channel=channel).secret)


def group_of(channel: Channel, key: bytes) -> group.Group:
    """The channel as a chat program shows it."""
    return group.Group(channel.id, outgoing.shown_name(channel), address(channel), certificate(key))


@lru_cache(maxsize=256)
def certificate(key: bytes) -> bytes:
    """The public part of a channel's key."""
    return openpgp.certificate_of(key)


def of(person: Person) -> GuestKey | None:
    """The certificate of a guest, if they have one."""
    return GuestKey.objects.filter(person=person).first()


def remember(person: Person, known: group.Reader) -> None:
    """From now on this is the key of this guest."""
    GuestKey.objects.update_or_create(
        person=person, defaults={"certificate": known.certificate, "fingerprint": known.fingerprint}
    )
