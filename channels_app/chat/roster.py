"""The rows and events of coming into a channel and going out of it, shared by the verbs that do so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.utils import timezone

from channels_app.chat import shapes
from channels_app.chat.kinds import (
    ChannelLeft,
    ChannelTold,
    GuestLeft,
    GuestTold,
    MemberChanged,
    MemberJoined,
    MemberLeft,
)
from channels_app.chat.models import Channel, Kind, Membership, Seat
from channels_app.chat.shapes import ChannelShape
from workspace.events import log
from workspace.people import shapes as people_shapes
from workspace.people.models import Person, Role
from workspace.people.persons import changed_beside_active
from workspace.people.shapes import PersonShape


def admit(
    channel: Channel,
    people: Sequence[Person],
    *,
    by: Person,
    admins: Collection[Person] = (),
    by_mail: Collection[Person] = (),
    sponsor: Person | None = None,
    expires_at: datetime | None = None,
    since: datetime | None = None,
) -> list[log.Draft]:
    """Write memberships; what has to be logged (nothing for who is in already). What came before is read.

    They are told of the channel as it was before they came: its own events after that head bring them in. Who lives by
    mail (`by_mail`, and whoever has a seat elsewhere) gets a seat here too, and `sponsor` (else `by`) vouches for them;
    `expires_at` is the end of those `by_mail`.
    """
    # Taken first, so that of two who bring in the same person one waits; the rows' own constraint would refuse it.
    channel = Channel.objects.select_for_update(no_key=True).get(id=channel.id)
    shape = shapes.channel(channel)
    inside = set(Membership.objects.filter(channel=channel, person__in=people).values_list("person_id", flat=True))
    coming = [person for person in dict.fromkeys(people) if person.id not in inside]
    rows = [
        Membership(channel=channel, person=person, read=shape["head"], role=_role(person in admins))
        for person in coming
    ]
    Membership.objects.bulk_create(rows)
    if channel.kind == Kind.DIRECT:  # they are its name
        shape["people"] = sorted(person.id for person in people)
    told = [draft for row in rows for draft in _joined(channel.stream, shape, row, by)]
    elsewhere = dict(
        Seat.objects.filter(membership__person__in=coming)
        .order_by("encrypted")
        .values_list("membership__person_id", "encrypted")
    )
    named = {person.id for person in by_mail}
    seats = [
        Seat(
            membership=row,
            sponsor=sponsor or by,
            expires_at=expires_at if row.person_id in named else None,
            since=since or timezone.now(),
            encrypted=elsewhere.get(row.person_id, False),
        )
        for row in rows
        if row.person_id in named or row.person_id in elsewhere
    ]
    Seat.objects.bulk_create(seats)
    return [*told, *(seated(seat, by) for seat in seats)]


def seated(seat: Seat, by: Person | None) -> log.Draft:
    """That somebody takes part by mail; their mail begins with it."""
    told: GuestTold = {"guest": shapes.seat(seat)}
    return log.Draft(seat.membership.channel.stream, "guest.joined", told, by.id if by else None)


def _role(admin: bool) -> str:
    return Membership.Role.ADMIN if admin else Membership.Role.MEMBER


def _joined(stream: str, shape: ChannelShape, row: Membership, by: Person) -> list[log.Draft]:
    mine: ChannelTold = {"channel": {**shape, "my": shapes.my(row, 0, 0)}}
    return [
        log.Draft(stream, "member.joined", _member(row, by), by.id),
        log.Draft(row.person.stream, "channel.joined", mine, by.id),
    ]


def _member(row: Membership, by: Person | None) -> MemberJoined:
    return {
        "person": people_shapes.person(row.person),
        "channel_role": row.role,
        "joined_at": log.stamp(row.joined_at),
        "by": by.id if by else None,
    }


def dismiss(membership: Membership, *, by: Person | None) -> list[log.Draft]:
    """End a membership (`by` nobody: its time was over); what has to be logged."""
    has_seat = Seat.objects.filter(membership=membership).exists()
    membership.delete()
    actor = by.id if by else None
    left: MemberLeft = {"person": membership.person_id, "by": actor, "deactivated": False}
    gone: ChannelLeft = {"channel": membership.channel_id, "deleted": False}
    drafts = [
        log.Draft(membership.channel.stream, "member.left", left, actor),
        log.Draft(membership.person.stream, "channel.left", gone, actor),
    ]
    if has_seat:
        seat: GuestLeft = {"person": membership.person_id}
        drafts.append(log.Draft(membership.channel.stream, "guest.left", seat, actor))
    return drafts


def told_of(person: Person, before: PersonShape, by: Person | None) -> list[log.Draft]:
    """What a person's channels hear when the person changes; the memberships stay, whatever becomes of the person."""
    rows = Membership.objects.filter(person=person, channel__deleted_at=None)
    rows = rows.select_related("channel", "person", "seat")
    actor, shape = by.id if by else None, people_shapes.person(person)
    if person.active and not before["active"]:
        return [draft for row in rows for draft in _back(row, by)]
    drafts = []
    if changed_beside_active(before, shape):
        with_guests = Membership.objects.filter(person__role=Role.GUEST, person__active=True).values("channel")
        for row in rows.filter(channel__in=with_guests):
            changed: MemberChanged = {"person": {**shape, "active": before["active"]}, "channel_role": row.role}
            drafts.append(log.Draft(row.channel.stream, "member.changed", changed, actor))
    if before["active"] and not person.active:
        left: MemberLeft = {"person": person.id, "by": actor, "deactivated": True}
        drafts += [log.Draft(row.channel.stream, "member.left", left, actor) for row in rows]
        gone: GuestLeft = {"person": person.id}
        drafts += [log.Draft(row.channel.stream, "guest.left", gone, actor) for row in rows if hasattr(row, "seat")]
    return drafts


def _back(row: Membership, by: Person | None) -> list[log.Draft]:
    """Somebody is active again: a guest takes their seat again too."""
    actor = by.id if by else None
    drafts = [log.Draft(row.channel.stream, "member.joined", _member(row, by), actor)]
    return [*drafts, seated(row.seat, by)] if hasattr(row, "seat") else drafts
