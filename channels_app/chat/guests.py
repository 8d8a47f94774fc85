"""Verbs on guests: people who take part in a channel by mail alone, with nothing but a mailbox.

A guest is a person of the organization (role guest) with a membership like everybody's, and a `Seat` beside it.
`guest.joined` is the first event they are told of, `guest.left` the last; a guest who is deactivated keeps the seat for
when they come back. The lane of a seat has the guest's name for a subscriber (`lane_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from typing import TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from channels_app.chat import access, channels, roster, shapes
from channels_app.chat.access import Seen
from channels_app.chat.kinds import DeliveryFailed, GuestTold
from channels_app.chat.models import Channel, Kind, Membership, Seat, Visitor
from channels_app.chat.policy import Standing, allows
from workspace.events import log
from workspace.events.refusal import Conflict, Forbidden, Invalid, NotFound, Refusal
from workspace.people import names, persons
from workspace.people.models import Inviters, Person, Role

LANE = "guest:"
EXPIRED_AT_ONCE = 100
WHY_LIMIT = 500
MOST_CHANNELS = 50

T = TypeVar("T")


class Keep(Enum):
    """Stands for: leave it as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


def lane_of(person_id: str) -> str:
    """The subscriber's name of a guest's lanes."""
    return f"{LANE}{person_id}"


@transaction.atomic
def invite(*, person: Person, channel: str, email: str, name: str = "", expires_at: datetime | None = None) -> Seat:
    """Bring an address into a channel; whoever was a guest elsewhere in the organization is the same person.

    Raises as `access.channel`, `Forbidden` where the organization leaves this to admins (`guest_invites`), `Invalid`
    for a bad address or time and in direct conversations, `Conflict` for members and for guests who are in the channel
    already.
    """
    place = inviting(person, channel)
    _in_future(expires_at)
    guest = by_address(person, names.clean_email(email), name)
    log.append(*take_in(place, guest, by=person, expires_at=expires_at))
    return _seats([channel], guest)[0]


@transaction.atomic
def invite_to(
    *, person: Person, channels: Sequence[str], email: str, name: str = "", expires_at: datetime | None = None
) -> list[Seat]:
    """Bring an address into several channels with one welcome, or into none of them.

    Raises as `invite`; what is said of a channel is in the `fields` of the refusal under its id.
    """
    ids = list(dict.fromkeys(channels))
    if not 0 < len(ids) <= MOST_CHANNELS:
        raise Invalid(f"Choose one to {MOST_CHANNELS} channels.", fields={"channels": "how many"})
    places = _each(ids, lambda id: inviting(person, id))
    _in_future(expires_at)
    guest = by_address(person, names.clean_email(email), name)
    list(Channel.objects.select_for_update(no_key=True).filter(id__in=ids).order_by("id"))  # all in the same order
    now = timezone.now()
    told = _each(ids, lambda id: take_in(places[id], guest, by=person, expires_at=expires_at, since=now))
    log.append(*(draft for drafts in told.values() for draft in drafts))
    return _seats(ids, guest)


def _each(channels: Sequence[str], deed: Callable[[str], T]) -> dict[str, T]:
    """A deed in each channel (by id). Raises a refusal that tells of all that refused, of the kind of the first."""
    done: dict[str, T] = {}
    refused: dict[str, Refusal] = {}
    for id in channels:
        try:
            done[id] = deed(id)
        except Refusal as refusal:
            refused[id] = refusal
    if refused:
        first = next(iter(refused.values()))
        fields = {id: refusal.message for id, refusal in refused.items()}
        raise type(first)(first.message, code=first.code, fields=fields)
    return done


def inviting(person: Person, channel: str) -> Channel:
    """A channel into which this person may bring guests. Raises as `may_invite`."""
    return may_invite(person, channel).channel


def may_invite(person: Person, channel: str) -> Seen:
    """The same, and how they stand in it.

    Raises as `access.channel`, `Forbidden` where the organization leaves this to admins, `Invalid` in direct
    conversations.
    """
    seen = access.channel(person, channel, "guests.invite")
    _may_bring_in(person)
    if seen.channel.kind == Kind.DIRECT:
        raise Invalid("A direct conversation takes no guests; make a private channel instead.")
    return seen


def _may_bring_in(person: Person) -> None:
    if not brings_in(person):
        raise Forbidden("Ask an admin to invite guests: this organization leaves it to them.")


def brings_in(person: Person) -> bool:
    """Whether the organization lets this member bring new guests in."""
    return person.is_admin or person.org.guest_invites == Inviters.MEMBERS


def by_address(person: Person, email: str, name: str) -> Person:
    """The guest with an address, made when there is none. Raises `Conflict` for members."""
    known = Person.objects.select_related("org").filter(org_id=person.org_id, email=email).first()
    if known is not None and Visitor.objects.filter(person=known).exists():
        raise Conflict(f"{known.name} comes by a shared channel.", fields={"email": "a visitor"})
    if known is not None and known.active:
        if not known.is_guest:
            raise Conflict(f"{known.name} is a member here; add them to the channel.", fields={"email": "a member"})
        return known
    return persons.add(org=person.org, email=email, name=name, role=Role.GUEST, by=person)


def take_in(
    channel: Channel,
    guest: Person,
    *,
    by: Person,
    sponsor: Person | None = None,
    expires_at: datetime | None = None,
    since: datetime | None = None,
) -> list[log.Draft]:
    """Write the rows of a guest who comes into a channel; what has to be logged. Raises `Conflict` when they are in."""
    membership = Membership.objects.filter(channel=channel, person=guest).first()
    sponsor, since = sponsor or by, since or timezone.now()
    if membership is None:
        return roster.admit(
            channel, [guest], by=by, by_mail=[guest], sponsor=sponsor, expires_at=expires_at, since=since
        )
    if Seat.objects.filter(membership=membership).exists():
        raise Conflict("This guest is in the channel already.", fields={"email": "taken"})
    membership.person, membership.channel = guest, channel  # until now they came by the page
    seat = Seat.objects.create(membership=membership, sponsor=sponsor, expires_at=expires_at, since=since)
    return [roster.seated(seat, by)]


def _seats(channels: Sequence[str], guest: Person) -> list[Seat]:
    """A guest's seats in channels (ids), in their order."""
    rows = Seat.objects.select_related("membership__person", "membership__channel")
    found = {seat.membership.channel_id: seat for seat in rows.filter(membership__person=guest)}
    return [found[id] for id in channels]


def _in_future(moment: datetime | None) -> None:
    if moment is not None and moment <= timezone.now():
        raise Invalid("A guest's time must end in the future.", fields={"expires_at": "past"})


@transaction.atomic
def change(
    *,
    person: Person,
    channel: str,
    guest: str,
    expires_at: datetime | Keep | None = KEEP,
    delivery: str = "",
    sponsor: str = "",
) -> Seat:
    """Set another end of a guest's time (None: no end), what they get or who vouches for them (empty: as it is).

    Raises as `access.channel`, `Invalid` for a time that is over, an unknown delivery and a sponsor (an id) who is not
    a member of the channel, `NotFound`.
    """
    seat = _looked_after(person, channel, guest)
    until = seat.expires_at if expires_at is KEEP else expires_at
    if until != seat.expires_at:
        _in_future(until)
    vouching = seat.sponsor_id if sponsor in ("", seat.sponsor_id) else _sponsor(channel, sponsor)
    return _change(
        seat, by=person, expires_at=until, delivery=_delivery(delivery or seat.delivery), sponsor_id=vouching
    )


def _sponsor(channel: str, person: str) -> str:
    inside = Membership.objects.filter(channel=channel, person=person, person__active=True)
    if not inside.exclude(person__role=Role.GUEST).exists():
        raise Invalid("Only a member of the channel can vouch for a guest.", fields={"sponsor": "not a member"})
    return person


@transaction.atomic
def choose(*, guest: Person, channel: str, delivery: str) -> Seat:
    """A guest says what of a channel they want. Raises `Invalid` for an unknown word, `NotFound`."""
    return _change(_seat(channel, guest.id), by=guest, delivery=_delivery(delivery))


def _delivery(word: str) -> str:
    if word not in Seat.Delivery.values:
        raise Invalid(f"Choose one of {', '.join(Seat.Delivery.values)}.", fields={"delivery": "unknown"})
    return word


@transaction.atomic
def encrypt(*, guest: Person) -> None:
    """From now on a guest gets no mail in the open, wherever they take part."""
    for seat in _locked().filter(membership__person=guest, encrypted=False).order_by("pk"):
        _change(seat, by=guest, encrypted=True)


@transaction.atomic
def give_up(*, guest: Person, channel: str, why: str) -> None:
    """Send no more mail to an address that does not take it, and tell the channel. Nothing happens a second time."""
    seat = _locked().filter(membership__channel=channel, membership__person=guest).first()
    if seat is None or seat.delivery == Seat.Delivery.PAUSED:
        return
    seat.delivery = Seat.Delivery.PAUSED
    seat.save(update_fields=["delivery"])
    told: GuestTold = {"guest": shapes.seat(seat)}
    failed: DeliveryFailed = {"person": guest.id, "why": why[:WHY_LIMIT]}
    stream = seat.membership.channel.stream
    log.append(log.Draft(stream, "guest.changed", told), log.Draft(stream, "delivery.failed", failed))


def _change(seat: Seat, *, by: Person, **fields: object) -> Seat:
    if drafts := _changed(seat, by=by, **fields):
        log.append(*drafts)
    return seat


def _changed(seat: Seat, *, by: Person, **fields: object) -> list[log.Draft]:
    changed = {name: value for name, value in fields.items() if getattr(seat, name) != value}
    if not changed:
        return []
    for name, value in changed.items():
        setattr(seat, name, value)
    seat.save(update_fields=list(changed))
    told: GuestTold = {"guest": shapes.seat(seat)}
    return [log.Draft(seat.membership.channel.stream, "guest.changed", told, by.id)]


@transaction.atomic
def remove(*, person: Person, channel: str, guest: str) -> None:
    """End a guest's part in a channel. Raises as `access.channel`, `NotFound`, `Invalid` in direct conversations."""
    seat = _looked_after(person, channel, guest)
    if seat.membership.channel.kind == Kind.DIRECT:
        raise Invalid("Nobody can be taken out of a direct conversation.")
    _end(seat, by=person)


@transaction.atomic
def remove_everywhere(*, person: Person, guest: str) -> None:
    """End a guest's part in every channel, those that one does not see too; direct conversations go silent.

    Raises `Forbidden`, and `NotFound` for who has no seat.
    """
    access.require(person, "guests.all")
    seats = _locked().filter(membership__person=guest, membership__person__org_id=person.org_id)
    rows = list(seats.filter(membership__channel__deleted_at=None).order_by("pk"))
    if not rows:
        raise NotFound("There is no such guest.")
    drafts: list[log.Draft] = []
    for seat in rows:
        if seat.membership.channel.kind == Kind.DIRECT:
            drafts += _changed(seat, by=person, delivery=Seat.Delivery.PAUSED)
        else:
            drafts += roster.dismiss(seat.membership, by=person)
    if drafts:
        log.append(*drafts)


@transaction.atomic
def leave(*, guest: Person, channel: str) -> None:
    """A guest goes; one who is gone already is gone (links and buttons are pressed twice).

    A direct conversation can't be left: no more mail comes from it.
    """
    seat = _locked().filter(membership__channel=channel, membership__person=guest).first()
    if seat is not None and seat.membership.channel.kind == Kind.DIRECT:
        _change(seat, by=guest, delivery=Seat.Delivery.PAUSED)
    elif seat is not None:
        _end(seat, by=guest)


def expire() -> int:
    """End the parts of guests whose time is over; how many."""
    over = Seat.objects.filter(expires_at__lte=timezone.now()).order_by("expires_at")
    ids = list(over.values_list("pk", flat=True)[:EXPIRED_AT_ONCE])
    for id in ids:
        with transaction.atomic():
            seat = _locked().filter(pk=id, expires_at__lte=timezone.now()).first()
            if seat is not None:
                _end(seat, by=None)
    return len(ids)


def _end(seat: Seat, *, by: Person | None) -> None:
    log.append(*roster.dismiss(seat.membership, by=by))


def _looked_after(person: Person, channel: str, guest: str) -> Seat:
    """The seat of a guest whom this person may change: its sponsor, an admin of the channel or the organization."""
    seen = access.channel(person, channel, "guests.list")
    seat = _seat(channel, guest)
    if not allows("guests.change", standing(seen, person, whose=seat.sponsor_id)):
        raise Forbidden()
    return seat


def standing(seen: Seen, person: Person, *, whose: str | None) -> Standing:
    """How somebody stands to what is a person's (`whose`, an id) and the channel's admins' to look after."""
    is_admin = seen.membership is not None and seen.membership.role == Membership.Role.ADMIN
    channel_role = seen.membership.role if seen.membership else None
    return Standing(person.role, seen.channel.kind, channel_role, own=is_admin or whose == person.id)


def _seat(channel: str, guest: str) -> Seat:
    seat = _locked().filter(membership__channel=channel, membership__person=guest).first()
    if seat is None:
        raise NotFound("There is no such guest.")
    return seat


def _locked() -> QuerySet[Seat]:
    """Seats with their rows locked: two who change one take turns."""
    rows = Seat.objects.select_related("membership__channel", "membership__person")
    return rows.select_for_update(of=("self",), no_key=True)


def welcomed_in(channel_id: str, person_id: str) -> list[Channel]:
    """The channels of the invitation by which a guest sits in this one; the first of them welcomes for all."""
    here = Seat.objects.filter(membership__channel=channel_id, membership__person=person_id)
    rows = Seat.objects.select_related("membership__channel__org").filter(since__in=here.values("since"))
    rows = rows.filter(membership__person=person_id, membership__channel__deleted_at=None)
    return [seat.membership.channel for seat in rows.order_by("pk")]


def seats(channel_id: str, *, after: str = "", limit: int) -> Sequence[Seat]:
    """The seats of a channel in the order of their people's ids, after one of them."""
    rows = Seat.objects.select_related("membership__person").filter(membership__channel=channel_id)
    rows = rows.filter(membership__person__active=True, membership__person_id__gt=after)
    return list(rows.order_by("membership__person_id")[:limit])


@transaction.atomic
def talk(*, person: Person, email: str, name: str = "") -> Channel:
    """The direct conversation of a member with an address, made when there is none; a guest there has a seat.

    Raises `Forbidden` for guests, and where only admins bring new guests in; `Invalid` for a bad address.
    """
    access.require(person, "channel.direct")
    other = Person.objects.filter(org_id=person.org_id, email=names.clean_email(email), active=True).first()
    if other is None:
        _may_bring_in(person)
        other = by_address(person, email, name)
    channel, _ = channels.direct(person=person, members=[other.id])
    if other.is_guest and (drafts := _take_seat(channel, other, person)):
        log.append(*drafts)
    return channel


def _take_seat(channel: Channel, guest: Person, by: Person) -> list[log.Draft]:
    """Bring a guest into a conversation of theirs by mail; what has to be logged, nothing when they sit there."""
    inside = Membership.objects.select_related("channel", "person", "seat")
    membership = inside.filter(channel=channel, person=guest).first()
    if membership is None:
        return roster.admit(channel, [guest], by=by, by_mail=[guest])
    if hasattr(membership, "seat"):
        return []
    return [roster.seated(Seat.objects.create(membership=membership, sponsor=by), by)]
