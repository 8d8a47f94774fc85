"""What an address of ours means: a channel, and whose signed address of it it is.

| address | who may write there |
|---|---|
| `general@acme.example.org`, `<id>@acme.example.org` | whoever is in the channel, when somebody vouches for From |
| `general+r…@acme.example.org` | the guest it was given to |
| `general+b…@acme.example.org` | servers that report what became of mail to that guest |

Local parts come back in any case, and a signed address still holds when its channel was renamed: the tag says which
channel and which guest are meant, so of a signed address only the domain is taken by its word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from channels_app.chat.models import Channel, Seat
from channels_app.guests import addresses
from channels_app.guests.receiving.answers import Declined, nobody
from channels_app.mail import Purpose, Reply, matches, read_reply
from workspace.people.models import Organization, Person

LONGEST = 320


@dataclass(frozen=True, slots=True)
class Addressed:
    """A channel (its organization joined) as it was addressed.

    Signed addresses have their `purpose`, and the `seat` of the guest they were given to (person joined), or `former`:
    the guest whose seat is gone.
    """

    channel: Channel
    purpose: Purpose | None = None
    seat: Seat | None = None
    former: Person | None = None


def check(recipient: str) -> None:
    """Before anything is known of the mail: whether there may be somebody at this address. Raises `Declined`."""
    local, slug = _split(recipient)
    if read_reply(recipient) is None:
        _named(local, slug)
    elif not Organization.objects.filter(slug=slug).exists():
        raise nobody()


def resolve(recipient: str, writer: str) -> Addressed:
    """What an address means in a mail whose From is `writer` (may be empty). Raises `Declined`."""
    local, slug = _split(recipient)
    reply = read_reply(recipient)
    if reply is None:
        return Addressed(_named(local, slug))
    found = _signed(reply, slug, writer.lower())
    if found is None or found.channel.deleted_at:
        raise nobody()
    return found


def _split(recipient: str) -> tuple[str, str]:
    """(local part, slug of the organization), in lower case."""
    local, _, domain = recipient.lower().rpartition("@")
    slug = domain.removesuffix(f".{settings.MAIL_DOMAIN.lower()}")
    if len(recipient) > LONGEST or not recipient.isprintable():
        raise Declined("This is not a mail address.", status="5.1.3")
    if not local or not slug or slug == domain:
        raise nobody()
    return local, slug


def _named(local: str, slug: str) -> Channel:
    """A channel by its name or id; what follows a plus is whatever its sender likes (RFC 5233)."""
    local = local.partition("+")[0]
    called = Q(name=unicodedata.normalize("NFC", local)) & ~Q(name="")
    rows = Channel.objects.select_related("org").annotate(lower_id=Lower("id"))
    found = list(rows.filter(called | Q(lower_id=local), org__slug=slug, deleted_at=None)[:2])
    if not found:
        raise nobody()
    return next((channel for channel in found if channel.id.lower() != local), found[0])


def _signed(reply: Reply, slug: str, writer: str) -> Addressed | None:
    """Mostly the guest writes whose address it is; else it is known whether it is anybody's."""
    return _of_writer(reply, slug, writer) or _of_former(reply, slug, writer) or _of_anybody(reply, slug)


def _of_writer(reply: Reply, slug: str, writer: str) -> Addressed | None:
    theirs = _seats().annotate(email=Lower("membership__person__email")).filter(email=writer)
    for seat in theirs.filter(membership__person__org__slug=slug):
        if _match(reply, [(seat.membership.channel_id, seat.membership.person_id)]):
            return Addressed(seat.membership.channel, reply.purpose, seat)
    return None


def _of_former(reply: Reply, slug: str, writer: str) -> Addressed | None:
    people = Person.objects.annotate(lower_email=Lower("email"))
    person = people.filter(lower_email=writer, org__slug=slug).first() if writer else None
    if person is None:
        return None
    channels = Channel.objects.filter(org_id=person.org_id).values_list("id", flat=True)
    found = _match(reply, ((channel, person.id) for channel in channels))
    if found is None:
        return None
    channel = Channel.objects.select_related("org").get(id=found[0])
    return Addressed(channel, reply.purpose, former=person)


def _of_anybody(reply: Reply, slug: str) -> Addressed | None:
    """First in the channel that is named, then in all of the organization."""
    local = reply.address.rpartition("@")[0]
    seats = Seat.objects.filter(membership__channel__org__slug=slug).annotate(id=Lower("membership__channel__id"))
    for some in (seats.filter(Q(membership__channel__name=local) | Q(id=local)), seats):
        found = _match(reply, some.values_list("membership__channel_id", "membership__person_id"))
        if found is not None:
            seat = _seats().get(membership__channel=found[0], membership__person=found[1])
            return Addressed(seat.membership.channel, reply.purpose, seat)
    return None


def _seats() -> QuerySet[Seat]:
    return Seat.objects.select_related("membership__channel__org", "membership__person")


def _match(reply: Reply, pairs: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """The (channel, person) for whom the address was made."""
    secret = addresses.secret()
    return next((pair for pair in pairs if matches(reply, *pair, secret)), None)
