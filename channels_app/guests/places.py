"""Which channel an address means, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from channels_app.chat.models import Channel, Seat
from channels_app.guests import addresses
from channels_app.mail import Reply, matches, read_reply
from workspace.people.models import Person


@dataclass(frozen=True, slots=True)
class Place:
    """A channel that mail is for; `guest` whom the signed address was made for, `bounce` if it is the envelope's."""

    channel: Channel
    guest: Person | None = None
    bounce: bool = False


def find(address: str) -> Place | None:
    """The place of an address; None for one that is no channel's, and for what was signed for nobody who is here."""
    local, _, domain = address.strip("<> ").rpartition("@")
    slug, _, rest = domain.lower().rstrip(".").partition(".")
    if rest != settings.MAIL_DOMAIN.lower() or not local:
        return None
    named = _named(slug, local.partition("+")[0])
    reply = read_reply(address)
    if reply is None:
        return Place(named) if named is not None else None
    return _signed(slug, reply, named)


def _named(slug: str, local: str) -> Channel | None:
    rows = Channel.objects.select_related("org").filter(org__slug=slug, deleted_at=None)
    return rows.filter(Q(name=local.lower()) | Q(id__iexact=local)).order_by("created_at").first()


def _signed(slug: str, reply: Reply, named: Channel | None) -> Place | None:
    """The tag says the rest: the channel may have got another name since."""
    seats = Seat.objects.select_related("membership__channel__org", "membership__person").filter(
        membership__channel__org__slug=slug, membership__channel__deleted_at=None, membership__person__active=True
    )
    if named is not None and (found := _whose(reply, seats.filter(membership__channel=named))):
        return found
    return _whose(reply, seats.iterator(2000))


def _whose(reply: Reply, seats: Iterable[Seat]) -> Place | None:
    secret = addresses.secret()
    for seat in seats:
        if matches(reply, seat.membership.channel_id, seat.membership.person_id, secret):
            return Place(seat.membership.channel, seat.membership.person, reply.purpose == "b")
    return None
