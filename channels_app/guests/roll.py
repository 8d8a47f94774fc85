"""Guests over all the channels somebody looks after: page by page, with what is known of their mail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from channels_app.chat import access
from channels_app.chat.guests import LANE
from channels_app.chat.models import Channel, Kind, Membership, Seat
from channels_app.guests.models import Mailbox
from channels_app.guests.standing import Place, Standing, standings
from workspace.events.models import Lane
from workspace.people.models import Person

SEATS_SHOWN = 2000

State = Literal["ok", "waiting", "failing", "paused"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which guests are looked for: all that is given holds for one of their seats. `name` is in a name or address."""

    state: State | None = None
    channel: str = ""
    sponsor: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Guest:
    """A guest with those of their seats that the reader may see; `elsewhere` counts the others."""

    person: Person
    seats: Sequence[Seat]
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Roll:
    """`standings` are of all the seats, by person and channel."""

    guests: Sequence[Guest]
    standings: dict[Place, Standing]


def of_organization(person: Person, asked: Asked, *, after: str = "", limit: int) -> Roll:
    """The guests of an admin's organization. What private channels they sit in only who is there is told."""
    seen = Channel.objects.filter(access.visible_channels(person)).exclude(kind=Kind.DIRECT)
    mine = Q(membership__channel__in=seen)
    return _roll(person, mine, asked, after=after, limit=limit, elsewhere=True)


def of_person(person: Person, asked: Asked, *, after: str = "", limit: int) -> Roll:
    """The guests somebody looks after, as their sponsor or as admin of a channel."""
    inside = Membership.objects.filter(person=person).exclude(channel__kind=Kind.DIRECT)
    mine = Q(sponsor=person, membership__channel__in=inside.values("channel"))
    mine |= Q(membership__channel__in=inside.filter(role=Membership.Role.ADMIN).values("channel"))
    return _roll(person, mine, asked, after=after, limit=limit, elsewhere=False)


def _roll(person: Person, mine: Q, asked: Asked, *, after: str, limit: int, elsewhere: bool) -> Roll:
    seats = Seat.objects.filter(membership__channel__deleted_at=None, membership__channel__org_id=person.org_id)
    found = _matching(seats.filter(mine), asked).values("membership__person")
    all_too = seats.exclude(membership__channel__kind=Kind.DIRECT).values("membership__person")
    narrow = asked.state or asked.channel or asked.sponsor or not elsewhere
    people = Person.objects.active().filter(id__in=found if narrow else all_too, id__gt=after)
    if asked.name:
        people = people.filter(Q(name__icontains=asked.name) | Q(email__icontains=asked.name))
    page = list(people.order_by("id")[:limit])
    rows = seats.filter(membership__person__in=page).exclude(membership__channel__kind=Kind.DIRECT)
    shown = list(
        rows.filter(mine).select_related("membership__channel", "membership__person").order_by("pk")[:SEATS_SHOWN]
    )
    held: dict[str, list[Seat]] = defaultdict(list)
    for seat in shown:
        held[seat.membership.person_id].append(seat)
    counted = rows.exclude(mine).values_list("membership__person").annotate(Count("pk")).order_by()
    hidden: dict[str, int] = dict(counted) if elsewhere else {}
    guests = [Guest(one, held[one.id], hidden.get(one.id, 0)) for one in page]
    return Roll(guests, standings(shown))


def _matching(seats: QuerySet[Seat], asked: Asked) -> QuerySet[Seat]:
    if asked.channel:
        seats = seats.filter(membership__channel=asked.channel)
    if asked.sponsor:
        seats = seats.filter(sponsor=asked.sponsor)
    match asked.state:
        case "paused":
            return seats.filter(delivery=Seat.Delivery.PAUSED)
        case "failing":
            return seats.filter(_failing())
        case "waiting":
            return seats.filter(_waiting() & ~_failing())
        case "ok":
            return seats.filter(~_waiting() & ~_failing())
        case None:
            return seats


def _failing() -> Q:
    return Q(Exists(Mailbox.objects.filter(person=OuterRef("membership__person"), failures__gt=0)))


def _waiting() -> Q:
    """As `standing` has it: something is tried again, or there is no server to take it."""
    lanes = Lane.objects.filter(
        subscriber=Concat(Value(LANE), OuterRef("membership__person_id")),
        stream=Concat(Value("channel:"), OuterRef("membership__channel_id")),
    )
    tried = Q(Exists(lanes.filter(attempts__gt=0)))
    if settings.SMTP_URL:
        return tried
    return tried | ~Q(Exists(lanes.filter(cursor__gte=F("stream__head"))))
