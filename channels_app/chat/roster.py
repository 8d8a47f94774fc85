"""The rows and events of coming into a channel and going out of it, shared by the verbs that do so."""

from __future__ import annotations

from channels_app.chat import shapes
from channels_app.chat.models import Channel, Membership
from workspace.events import log
from workspace.people import shapes as people_shapes
from workspace.people.models import Person


def admit(channel: Channel, joining: Person, *, by: Person, role: str = Membership.Role.MEMBER) -> list[log.Draft]:
    """Write a membership; what has to be logged (none when the person is in already). What came before is read."""
    head = log.heads([channel.stream]).get(channel.stream, 0)
    _, fresh = Membership.objects.get_or_create(channel=channel, person=joining, defaults={"role": role, "read": head})
    if not fresh:
        return []
    joined = {"person": people_shapes.person(joining), "channel_role": role, "by": by.id}
    mine = {"channel": shapes.channel(channel, joining)}
    return [
        log.Draft(channel.stream, "member.joined", joined, by.id),
        log.Draft(joining.stream, "channel.joined", mine, by.id),
    ]


def dismiss(membership: Membership, *, by: Person) -> list[log.Draft]:
    """End a membership; what has to be logged."""
    membership.delete()
    left = {"person": membership.person_id, "by": by.id}
    return [
        log.Draft(membership.channel.stream, "member.left", left, by.id),
        log.Draft(membership.person.stream, "channel.left", {"channel": membership.channel_id}, by.id),
    ]
