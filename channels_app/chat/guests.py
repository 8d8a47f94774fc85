"""Verbs on guests: people who take part in a channel by mail alone, with nothing but a mailbox.

A guest is a person of the organization (role guest) with a membership like everybody's, and a `Seat` beside it.
`guest.joined` is the first event they are told of, `guest.left` the last; a guest who is deactivated keeps the seat for
when they come back. The lane of a seat has the guest's name for a subscriber (`lane_of`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from channels_app.chat import access, channels, roster, shapes
from channels_app.chat.access import Seen
from channels_app.chat.kinds import DeliveryFailed, GuestTold
from channels_app.chat.models import Channel, Kind, Membership, Seat
from channels_app.chat.policy import Standing, allows
from workspace.events import log
from workspace.events.refusal import Conflict, Forbidden, Invalid, NotFound
from workspace.people import names, persons
from workspace.people.models import Person, Role

LANE = "guest:"
EXPIRED_AT_ONCE = 100
WHY_LIMIT = 500


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

    Raises as `access.channel`, `Forbidden` where the organization leaves this to admins (`settings["guest_invites"]`
    is "admins"), `Invalid` for a bad address or time and in direct conversations, `Conflict` for members and for
    guests who are in the channel already.
    """
    seen = access.channel(person, channel, "guests.invite")
    _may_bring_in(person)
    if seen.channel.kind == Kind.DIRECT:
        raise Invalid("A direct conversation takes no guests; make a private channel instead.")
    _in_future(expires_at)
    guest = _guest(person, names.clean_email(email), name)
    membership = Membership.objects.filter(channel=seen.channel, person=guest).first()
    if membership is None:
        drafts = roster.admit(seen.channel, [guest], by=person, by_mail=[guest], expires_at=expires_at)
    elif Seat.objects.filter(membership=membership).exists():
        raise Conflict("This guest is in the channel already.", fields={"email": "taken"})
    else:  # until now they came by the page
        membership.person, membership.channel = guest, seen.channel
        seat = Seat.objects.create(membership=membership, sponsor=person, expires_at=expires_at)
        drafts = [roster.seated(seat, person)]
    log.append(*drafts)
    return Seat.objects.select_related("membership__person").get(
        membership__channel=seen.channel, membership__person=guest
    )


def _may_bring_in(person: Person) -> None:
    if not brings_in(person):
        raise Forbidden("Ask an admin to invite guests: this organization leaves it to them.")


def brings_in(person: Person) -> bool:
    """Whether the organization lets this member bring new guests in."""
    return person.is_admin or person.org.settings.get("guest_invites", "members") == "members"


def _guest(person: Person, email: str, name: str) -> Person:
    known = Person.objects.select_related("org").filter(org_id=person.org_id, email=email).first()
    if known is not None and known.active:
        if not known.is_guest:
            raise Conflict(f"{known.name} is a member here; add them to the channel.", fields={"email": "a member"})
        return known
    return persons.add(org=person.org, email=email, name=name, role=Role.GUEST, by=person)


def _in_future(moment: datetime | None) -> None:
    if moment is not None and moment <= timezone.now():
        raise Invalid("A guest's time must end in the future.", fields={"expires_at": "past"})


@transaction.atomic
def change(
    *, person: Person, channel: str, guest: str, expires_at: datetime | Keep | None = KEEP, delivery: str = ""
) -> Seat:
    """Set another end of a guest's time (None: no end), or what they get (empty: as it is).

    Raises as `access.channel`, `Invalid` for a time that is over and an unknown delivery, `NotFound`.
    """
    seat = _looked_after(person, channel, guest)
    until = seat.expires_at if expires_at is KEEP else expires_at
    if until != seat.expires_at:
        _in_future(until)
    return _change(seat, by=person, expires_at=until, delivery=_delivery(delivery or seat.delivery))


@transaction.atomic
def choose(*, guest: Person, channel: str, delivery: str) -> Seat:
    """A guest says what of a channel they want. Raises `Invalid` for an unknown word, `NotFound`."""
    return _change(_seat(channel, guest.id), by=guest, delivery=_delivery(delivery))


def _delivery(word: str) -> str:
    if word not in Seat.Delivery.values:
        raise Invalid(f"Choose one of {', '.join(Seat.Delivery.values)}.", fields={"delivery": "unknown"})
    return word


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
    changed = {name: value for name, value in fields.items() if getattr(seat, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(seat, name, value)
        seat.save(update_fields=list(changed))
        told: GuestTold = {"guest": shapes.seat(seat)}
        log.append(log.Draft(seat.membership.channel.stream, "guest.changed", told, by.id))
    return seat


@transaction.atomic
def remove(*, person: Person, channel: str, guest: str) -> None:
    """End a guest's part in a channel. Raises as `access.channel`, `NotFound`, `Invalid` in direct conversations."""
    seat = _looked_after(person, channel, guest)
    if seat.membership.channel.kind == Kind.DIRECT:
        raise Invalid("Nobody can be taken out of a direct conversation.")
    _end(seat, by=person)


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
    if not allows("guests.change", _standing(seen, person, seat)):
        raise Forbidden()
    return seat


def _standing(seen: Seen, person: Person, seat: Seat) -> Standing:
    is_admin = seen.membership is not None and seen.membership.role == Membership.Role.ADMIN
    channel_role = seen.membership.role if seen.membership else None
    return Standing(person.role, seen.channel.kind, channel_role, own=is_admin or seat.sponsor_id == person.id)


def _seat(channel: str, guest: str) -> Seat:
    seat = _locked().filter(membership__channel=channel, membership__person=guest).first()
    if seat is None:
        raise NotFound("There is no such guest.")
    return seat


def _locked() -> QuerySet[Seat]:
    """Seats with their rows locked: two who change one take turns."""
    rows = Seat.objects.select_related("membership__channel", "membership__person")
    return rows.select_for_update(of=("self",), no_key=True)


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
        other = _guest(person, email, name)
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
