"""What an address of ours means: a channel, and whose signed address of it it is.

| address | who may write there |
|---|---|
| `general@acme.example.org`, `<id>@acme.example.org` | whoever is in the channel, when somebody vouches for From |
| `bob@acme.example.org`, `<id>@acme.example.org` | anybody, to a member, when no channel is called so |
| `general+r…@acme.example.org` | the guest it was given to |
| `general+b…@acme.example.org` | servers that report what became of mail to that guest |

Local parts come back in any case, and a signed address still holds when its channel was renamed: the tag says which
channel and which guest are meant, so of a signed address only the domain is taken by its word.
"""

from __future__ import annotations

import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from channels_app.chat.models import Channel, Seat
from channels_app.guests import addresses, members
from channels_app.guests.receiving.answers import Declined, nobody
from channels_app.mail import Purpose, Reply, matches, read_reply
from workspace.events import prepared
from workspace.people.models import Organization, Person

LONGEST = 320
BELIEVED_SECONDS = 10.0
MOST_BELIEVED = 10_000


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


# The seats of addresses, by address (in lower case).
SeatsOf = Mapping[str, Sequence[Seat]]


def check(recipient: str) -> None:
    """Before anything is known of the mail: whether there may be somebody at this address. Raises `Declined`."""
    local, slug = _split(recipient)
    if read_reply(recipient) is None:
        _named_or_member(local, slug)
    elif not _is_here(slug):
        raise nobody()


def is_surely_here(recipient: str) -> bool:
    """Whether `check` has nothing to say against an address, as far as is known without asking the database."""
    reply = read_reply(recipient)
    return reply is not None and len(recipient) <= LONGEST and _here.get(_split(recipient)[1], 0.0) > time.monotonic()


def seats_of(mails: Iterable[tuple[str, str]]) -> SeatsOf:
    """The seats of who writes these mails, by address: (recipient, the writer's address in lower case) of each."""
    writers, slugs = set(), set()
    for recipient, writer in mails:
        writers.add(writer)
        slugs.add(_domain(recipient).partition(".")[0])
    found: dict[str, list[Seat]] = defaultdict(list)
    for seat in prepared.joined(Seat, _JOINED, _WRITTEN_BY, [list(slugs), list(writers)]):
        found[seat.membership.person.email.lower()].append(seat)
    return found


_JOINED = ("membership", "membership__person", "membership__channel", "membership__channel__org")
_WRITTEN_BY = """
"membership__channel__org".slug = ANY (%s::text[]) AND lower("membership__person".email) = ANY (%s::text[])
AND "membership__person".org_id = "membership__channel__org".id ORDER BY "root".membership_id
"""


def resolve(recipient: str, writer: str, seats: SeatsOf) -> Addressed | Person:
    """What an address means in a mail whose From is `writer` (may be empty): a channel, or a member.

    Raises `Declined`.
    """
    local, slug = _split(recipient)
    reply = read_reply(recipient)
    if reply is None:
        return _named_or_member(local, slug)
    found = _signed(reply, slug, writer, seats.get(writer, ()))
    if found is None or found.channel.deleted_at:
        raise nobody()
    return found


def _domain(recipient: str) -> str:
    return recipient.rpartition("@")[2].lower()


def _split(recipient: str) -> tuple[str, str]:
    """(local part, slug of the organization), in lower case."""
    local, domain = recipient.lower().rpartition("@")[0], _domain(recipient)
    slug = domain.removesuffix(f".{settings.MAIL_DOMAIN.lower()}")
    if len(recipient) > LONGEST or not recipient.isprintable():
        raise Declined("This is not a mail address.", status="5.1.3")
    if not local or not slug or slug == domain:
        raise nobody()
    return local, slug


# Organizations that were here a moment ago, and until when that is believed: servers ask before each mail.
_here: dict[str, float] = {}


def _is_here(slug: str) -> bool:
    now = time.monotonic()
    if _here.get(slug, 0.0) > now:
        return True
    is_here = Organization.objects.filter(slug=slug).exists()
    if is_here:
        if len(_here) >= MOST_BELIEVED:
            _here.clear()
        _here[slug] = now + BELIEVED_SECONDS
    return is_here


def forget() -> None:
    """Believe nothing."""
    _here.clear()


def _named_or_member(local: str, slug: str) -> Addressed | Person:
    """Channels come first; a member whose handle is a channel's name still has an id."""
    try:
        return Addressed(_named(local, slug))
    except Declined:
        member = members.named(local.partition("+")[0], slug)
        if member is None:
            raise
        return member


def _named(local: str, slug: str) -> Channel:
    """A channel by its name or id; what follows a plus is whatever its sender likes (RFC 5233)."""
    local = local.partition("+")[0]
    called = Q(name=unicodedata.normalize("NFC", local)) & ~Q(name="")
    rows = Channel.objects.select_related("org").annotate(lower_id=Lower("id"))
    found = list(rows.filter(called | Q(lower_id=local), org__slug=slug, deleted_at=None)[:2])
    if not found:
        raise nobody()
    return next((channel for channel in found if channel.id.lower() != local), found[0])


def _signed(reply: Reply, slug: str, writer: str, theirs: Sequence[Seat]) -> Addressed | None:
    """Mostly the guest writes whose address it is; else it is known whether it is anybody's."""
    return _of_writer(reply, slug, theirs) or _of_former(reply, slug, writer) or _of_anybody(reply, slug)


def _of_writer(reply: Reply, slug: str, theirs: Sequence[Seat]) -> Addressed | None:
    for seat in theirs:
        channel = seat.membership.channel
        if channel.org.slug == slug and _match(reply, [(channel.id, seat.membership.person_id)]):
            return Addressed(channel, reply.purpose, seat)
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
