"""Verbs on who is in a channel."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from channels_app.chat import access
from channels_app.chat.kinds import ChannelMuted
from channels_app.chat.models import Channel, Kind, Membership
from channels_app.chat.roster import admit, dismiss
from workspace.events import log
from workspace.events.refusal import Invalid, NotFound
from workspace.people.models import Person

MOST_AT_ONCE = 200


@transaction.atomic
def join(*, person: Person, channel: str) -> Channel:
    """Enter an open channel; being in it already changes nothing. Raises as `access.channel`."""
    seen = access.channel(person, channel, "channel.join")
    _append(admit(seen.channel, [person], by=person))
    return seen.channel


@transaction.atomic
def leave(*, person: Person, channel: str) -> Channel:
    """Go out of a channel. Raises as `access.channel`, `Invalid` for direct conversations."""
    seen = access.channel(person, channel, "channel.leave")
    if seen.channel.kind == Kind.DIRECT:
        raise Invalid("A direct conversation can't be left.")
    membership = Membership.objects.select_related("channel", "person").get(channel=channel, person=person)
    _append(dismiss(membership, by=person))
    return seen.channel


@transaction.atomic
def add(*, person: Person, channel: str, people: Sequence[str]) -> Channel:
    """Bring people of the organization in. Raises as `access.channel`, `NotFound` for unknown people."""
    seen = access.channel(person, channel, "members.add")
    if seen.channel.kind == Kind.DIRECT:
        raise Invalid("Start a new conversation with these people instead.")
    if len(people) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} people at once.", fields={"people": "too many"})
    found = Person.objects.active().filter(org_id=person.org_id, id__in=people).in_bulk()
    if missing := [id for id in people if id not in found]:
        raise NotFound("There is no such person.", fields={"people": ", ".join(missing)[:200]})
    _append(admit(seen.channel, [found[id] for id in people], by=person))
    return seen.channel


@transaction.atomic
def remove(*, person: Person, channel: str, member: str) -> None:
    """Take somebody out. Raises as `access.channel`, `NotFound` when they are not in it."""
    if member == person.id:
        leave(person=person, channel=channel)
        return
    seen = access.channel(person, channel, "members.remove")
    if seen.channel.kind == Kind.DIRECT:
        raise Invalid("Nobody can be taken out of a direct conversation.")
    inside = Membership.objects.filter(channel=channel, person=member, person__active=True)
    membership = inside.select_related("channel", "person").first()
    if membership is None:
        raise NotFound("This person is not in the channel.")
    _append(dismiss(membership, by=person))


@transaction.atomic
def mute(*, person: Person, channel: str, muted: bool) -> Channel:
    """Silence a channel for oneself. Raises as `access.channel`."""
    seen = access.channel(person, channel, "channel.mute")
    changed = Membership.objects.filter(channel=channel, person=person, muted=not muted).update(muted=muted)
    if changed:
        payload: ChannelMuted = {"channel": channel, "muted": muted}
        log.append(log.Draft(person.stream, "channel.muted", payload, person.id))
    return seen.channel


def _append(drafts: Sequence[log.Draft]) -> None:
    if drafts:
        log.append(*drafts)
