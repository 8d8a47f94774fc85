"""Guests by the hundred, as `crowd` makes people."""

from __future__ import annotations

from collections.abc import Sequence

from channels_app.chat.guests import lane_of
from channels_app.chat.models import Membership, Seat
from workspace.events import log
from workspace.events.models import Lane
from workspace.operate.bench.crowd import Crowd, Member
from workspace.people.models import Person, Role


def seat(crowd: Crowd, members: Sequence[Member]) -> None:
    """Make them guests by mail of all channels, welcomed already."""
    ids = [member.person.id for member in members]
    Person.objects.filter(id__in=ids).update(role=Role.GUEST)
    for row in members:
        row.person.role = Role.GUEST
    places = Membership.objects.filter(channel__in=crowd.channels, person__in=ids)
    Seat.objects.bulk_create(Seat(membership=place, sponsor=crowd.owner) for place in places)
    heads = log.heads([channel.stream for channel in crowd.channels])
    Lane.objects.bulk_create(
        Lane(subscriber=lane_of(id), stream_id=stream, cursor=head) for stream, head in heads.items() for id in ids
    )
