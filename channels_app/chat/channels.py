"""Verbs on channels: create, change, archive, delete."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from channels_app.chat import access, shapes
from channels_app.chat.kinds import (
    ChannelArchived,
    ChannelChanged,
    ChannelLeft,
    ChannelTold,
    NamedChannel,
    NamedChannelArchived,
    NamedChannelChanged,
)
from channels_app.chat.models import Channel, Kind, Membership
from channels_app.chat.roster import admit
from workspace.events import log
from workspace.events.refusal import Conflict, Invalid, NotFound
from workspace.people import names
from workspace.people.models import Person

NAME_LIMIT = 80
TOPIC_LIMIT = 250
MOST_PEOPLE_IN_DIRECT = 9
RENAMABLE = (Kind.PUBLIC, Kind.PRIVATE, Kind.ANNOUNCEMENT)


def clean_channel_name(name: str) -> str:
    """A channel's name: lower case, no spaces, letters of any script, digits, hyphen, underscore, dot; 1–80 characters.

    Lower case, so that a channel's folder never has the name of a folder the mirror keeps (`Log`, `Direct`, `Archive`).
    Raises `Invalid`.
    """
    cleaned = "-".join(unicodedata.normalize("NFC", name).strip().lstrip("#").lower().split())
    if not cleaned or len(cleaned) > NAME_LIMIT:
        raise Invalid(f"A channel name has 1 to {NAME_LIMIT} characters.", fields={"name": "length"})
    if not all(char.isalnum() or char in "-_." or unicodedata.category(char).startswith("M") for char in cleaned):
        raise Invalid(
            "A channel name has letters, digits, hyphen, underscore and dot only.", fields={"name": "characters"}
        )
    if not cleaned[0].isalnum() or cleaned.endswith("."):
        raise Invalid("A channel name begins with a letter or digit, and ends with no dot.", fields={"name": "edge"})
    return cleaned


@transaction.atomic
def create(
    *, person: Person, name: str, kind: str, topic: str = "", members: Sequence[str] = (), id: str | None = None
) -> Channel:
    """Make a channel; its maker is its admin, `members` (person ids) are in it at once.

    Raises `Forbidden` for guests, `Invalid` for a bad name, kind or topic, `NotFound` for unknown people, `Conflict`
    when the name is taken.
    """
    access.require(person, "channel.create")
    if kind not in RENAMABLE:
        raise Invalid("The kind is one of public, private, announcement, direct.", fields={"kind": "unknown"})
    channel = Channel(org_id=person.org_id, kind=kind, created_by=person)
    channel.name, channel.topic = clean_channel_name(name), _clean_topic(topic)
    if id:
        channel.id = id
    _save_new(channel)
    people = [person, *_people(person, [m for m in members if m != person.id])]
    _begin(channel, person, people)
    return channel


@transaction.atomic
def direct(*, person: Person, members: Sequence[str]) -> tuple[Channel, bool]:
    """The direct conversation of these people and oneself, made when there is none; True when it was made.

    Raises `Forbidden` for guests, `NotFound` for unknown people, `Invalid` for more than nine people.
    """
    access.require(person, "channel.direct")
    people = [person, *_people(person, [m for m in dict.fromkeys(members) if m != person.id])]
    if len(people) > MOST_PEOPLE_IN_DIRECT:
        raise Invalid(f"At most {MOST_PEOPLE_IN_DIRECT} people; make a channel.", fields={"members": "too many"})
    key = "+".join(sorted(p.id for p in people))
    existing = Channel.objects.filter(org_id=person.org_id, direct_key=key).first()
    if existing:
        return existing, False
    channel = Channel(org_id=person.org_id, kind=Kind.DIRECT, created_by=person, direct_key=key)
    try:
        _save_new(channel)
    except Conflict:  # somebody of these people did the same at this moment
        return Channel.objects.get(org_id=person.org_id, direct_key=key), False
    _begin(channel, person, people)
    return channel, True


def _people(person: Person, ids: Sequence[str]) -> list[Person]:
    found = Person.objects.active().filter(org_id=person.org_id, id__in=ids).in_bulk()
    if missing := [id for id in ids if id not in found]:
        raise NotFound("There is no such person.", fields={"members": ", ".join(missing)[:200]})
    return [found[id] for id in ids]


def _save_new(channel: Channel) -> None:
    try:
        with transaction.atomic():
            channel.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("There is a channel with this name already.", fields={"name": "taken"}) from error


def _begin(channel: Channel, person: Person, people: Sequence[Person]) -> None:
    log.open_stream(channel.stream, channel.org_id)
    created: ChannelTold = {"channel": shapes.channel(channel)}
    drafts = [log.Draft(channel.stream, "channel.created", created, person.id)]
    drafts += admit(channel, people, by=person, admins=[person] if channel.kind != Kind.DIRECT else [])
    if channel.is_open:
        head = sum(draft.stream == channel.stream for draft in drafts)
        begun: ChannelTold = {"channel": {**created["channel"], "members": len(people), "head": head}}
        drafts.append(log.Draft(person.org.stream, "channel.created", begun, person.id))
    log.append(*drafts)


def _clean_topic(topic: str) -> str:
    return names.clean_name(topic, field="topic", limit=TOPIC_LIMIT) if topic.strip() else ""


@transaction.atomic
def change(
    *, person: Person, channel: str, name: str | None = None, topic: str | None = None, kind: str | None = None
) -> Channel:
    """Rename a channel, set its topic, or open or close it.

    Raises as `access.channel`, `Invalid`, `Conflict` when the name is taken.
    """
    action = "channel.topic" if name is None and kind is None else "channel.change"
    row = _lock(person, channel, action)
    before = (row.name, row.topic, row.kind)
    if row.kind == Kind.DIRECT and (name is not None or kind is not None):
        raise Invalid("A direct conversation has no name.", fields={"name": "direct"})
    if name is not None:
        row.name = clean_channel_name(name)
    if topic is not None:
        row.topic = _clean_topic(topic)
    if kind is not None:
        if kind not in RENAMABLE:
            raise Invalid("The kind is one of public, private, announcement.", fields={"kind": "unknown"})
        row.kind = kind
    if before == (row.name, row.topic, row.kind):
        return row
    try:
        with transaction.atomic():
            row.save(update_fields=["name", "topic", "kind"])
    except IntegrityError as error:
        raise Conflict("There is a channel with this name already.", fields={"name": "taken"}) from error
    payload: ChannelChanged = {"name": row.name, "topic": row.topic, "kind": row.kind}
    drafts = [log.Draft(row.stream, "channel.changed", payload, person.id)]
    drafts += _tell_org(row, before[2], person)
    log.append(*drafts)
    return row


def _tell_org(row: Channel, kind_before: str, person: Person) -> list[log.Draft]:
    """What the whole organization hears: a channel that closes is gone for them, one that opens is new."""
    was_open = kind_before in (Kind.PUBLIC, Kind.ANNOUNCEMENT)
    if row.is_open and was_open:
        changed: NamedChannelChanged = {"id": row.id, "name": row.name, "topic": row.topic, "kind": row.kind}
        return [log.Draft(row.org.stream, "channel.changed", changed, person.id)]
    if row.is_open:
        created: ChannelTold = {"channel": shapes.channel(row)}
        return [log.Draft(row.org.stream, "channel.created", created, person.id)]
    if was_open:
        return [_gone(row, person)]
    return []


def _gone(row: Channel, person: Person) -> log.Draft:
    gone: NamedChannel = {"id": row.id}
    return log.Draft(row.org.stream, "channel.deleted", gone, person.id)


@transaction.atomic
def archive(*, person: Person, channel: str, archived: bool = True) -> Channel:
    """Make a channel read-only, or writable again. Raises as `access.channel`."""
    row = _lock(person, channel, "channel.archive")
    if row.kind == Kind.DIRECT:
        raise Invalid("A direct conversation can't be archived.")
    if (row.archived_at is not None) == archived:
        return row
    row.archived_at = timezone.now() if archived else None
    row.save(update_fields=["archived_at"])
    payload: ChannelArchived = {"archived": archived}
    drafts = [log.Draft(row.stream, "channel.archived", payload, person.id)]
    if row.is_open:
        named: NamedChannelArchived = {"id": row.id, "archived": archived}
        drafts.append(log.Draft(row.org.stream, "channel.archived", named, person.id))
    log.append(*drafts)
    return row


@transaction.atomic
def delete(*, person: Person, channel: str) -> None:
    """Delete a channel: nobody sees it any more; its folder goes under Archive. Raises as `access.channel`."""
    row = _lock(person, channel, "channel.delete")
    if row.kind == Kind.DIRECT:
        raise Invalid("A direct conversation can't be deleted.")
    row.deleted_at = timezone.now()
    row.save(update_fields=["deleted_at"])
    drafts = [log.Draft(row.stream, "channel.deleted", {}, person.id)]
    if row.is_open:
        drafts.append(_gone(row, person))
    left: ChannelLeft = {"channel": row.id, "deleted": True}
    for membership in Membership.objects.filter(channel=row).select_related("person"):
        drafts.append(log.Draft(membership.person.stream, "channel.left", left, person.id))
    log.append(*drafts)


def _lock(person: Person, channel: str, action: str) -> Channel:
    """The channel's row, locked; permission is checked on what is locked."""
    access.channel(person, channel, action)
    # no_key: a post holds the stream when its foreign key is checked here, and we want the stream after this row.
    Channel.objects.select_for_update(of=("self",), no_key=True).get(id=channel)
    return access.channel(person, channel, action).channel
