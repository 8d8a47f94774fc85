"""Objects of the conversation come only through here: with the action the caller is about to do.

What the person may not see does not exist for them (`NotFound`); what they see but may not do is `Forbidden`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

from channels_app.chat.models import OPEN_KINDS, Attachment, Channel, Membership, Message
from channels_app.chat.policy import Standing, allows
from channels_app.files.models import StoredFile
from workspace.events.refusal import Conflict, Forbidden, NotFound
from workspace.people.models import Person, Role

# What still works in an archived channel.
ARCHIVED_ACTIONS = {
    "channel.read", "channel.archive", "channel.delete", "channel.leave", "channel.mute", "members.list",
    "members.remove", "guests.list", "guests.change", "guests.answer", "shares.list", "shares.change", "channel.mark",
    "channel.draft", "channel.mail", "message.save", "message.delete",
}  # fmt: skip


class Archived(Conflict):
    code = "archived"
    message = "This channel is archived; it can only be read."


class Deleted(Conflict):
    code = "deleted"
    message = "This message was deleted."


@dataclass(frozen=True, slots=True)
class Seen:
    """A channel as one person stands in it; `membership` is None outside."""

    channel: Channel
    membership: Membership | None
    standing: Standing


def require(person: Person, action: str) -> None:
    """Check an action that concerns no channel. Raises `Forbidden`."""
    if not allows(action, Standing(person.role)):
        raise Forbidden()


def channel(person: Person, channel_id: str, action: str) -> Seen:
    """A channel for an action. Raises `NotFound`, `Forbidden`, `Archived`."""
    found = Channel.objects.filter(id=channel_id, org_id=person.org_id, deleted_at=None).select_related("org").first()
    return _judge(person, found, action)


def message(person: Person, message_id: str, action: str) -> tuple[Message, Seen]:
    """A message (deleted ones too) for an action. Raises `NotFound`, `Forbidden`, `Archived`."""
    found = (
        Message.objects.select_related("channel__org", "author")
        .filter(id=message_id, channel__org_id=person.org_id, channel__deleted_at=None)
        .first()
    )
    if found is None:
        raise NotFound("There is no such message.")
    return found, _judge(person, found.channel, action, own=found.author_id == person.id)


def locked_message(person: Person, message_id: str, action: str, *, deleted_too: bool = False) -> Message:
    """A message that is about to be changed, its row locked: two changes at one moment take turns.

    Raises as `message`, and `Deleted` unless `deleted_too`.
    """
    message(person, message_id, action)
    locked = Message.objects.select_for_update(of=("self",), no_key=True)
    row = locked.select_related("channel").get(id=message_id)
    if row.deleted_at and not deleted_too:
        raise Deleted()
    return row


def _judge(person: Person, channel: Channel | None, action: str, *, own: bool = False) -> Seen:
    if channel is None:
        raise NotFound("There is no such channel.")
    membership = Membership.objects.filter(channel=channel, person=person).first()
    standing = Standing(person.role, channel.kind, membership.role if membership else None, own)
    if not standing.sees:
        raise NotFound("There is no such channel.")
    if not allows(action, standing):
        raise Forbidden()
    if channel.archived_at and action not in ARCHIVED_ACTIONS:
        raise Archived()
    return Seen(channel, membership, standing)


def visible_channels(person: Person) -> Q:
    """The condition on `Channel` for what a person may see."""
    joined = Q(id__in=Membership.objects.filter(person=person).values("channel"))
    within = Q(org_id=person.org_id, deleted_at=None)
    return within & joined if person.is_guest else within & (Q(kind__in=OPEN_KINDS) | joined)


def streams(person: Person) -> list[str]:
    """The keys of the streams a person's clients follow by themselves."""
    channels = Membership.objects.filter(person=person, channel__deleted_at=None).values_list("channel_id", flat=True)
    shared = [] if person.is_guest else [f"org:{person.org_id}"]
    return [person.stream, *shared, *(f"channel:{channel_id}" for channel_id in channels)]


def followable(person: Person, asked: Collection[str]) -> set[str]:
    """Those of the streams (keys) whose events a person may read. One query, whatever is asked."""
    ids = [stream.removeprefix("channel:") for stream in asked if stream.startswith("channel:")]
    seen = Channel.objects.filter(visible_channels(person), id__in=ids).values_list("id", flat=True)
    shared = {person.stream} if person.is_guest else {person.stream, f"org:{person.org_id}"}
    return shared.intersection(asked).union(f"channel:{id}" for id in seen)


@dataclass(frozen=True, slots=True)
class Following:
    """What a person's clients may follow now: their role, the streams of their own, and those of the ones asked for."""

    role: str
    own: frozenset[str]
    allowed: frozenset[str]


def following(person_id: str, asked: Collection[str]) -> Following | None:
    """How an open socket stands now, read afresh; None when the person is out. Three queries, whatever is asked."""
    person = Person.objects.active().select_related("org").filter(id=person_id).first()
    if person is None:
        return None
    own = frozenset(streams(person))
    return Following(person.role, own, own | followable(person, asked))


def readers(channel_id: str, people: Collection[str]) -> set[str]:
    """Those of the people (ids) who may read a channel now."""
    row = Channel.objects.filter(id=channel_id, deleted_at=None).first()
    if row is None:
        return set()
    inside = Q(memberships__channel=row)
    may = inside | ~Q(role=Role.GUEST) if row.is_open else inside
    rows = Person.objects.active().filter(may, org_id=row.org_id, id__in=people)
    return set(rows.values_list("id", flat=True))


def file(person: Person, file_id: str) -> StoredFile:
    """A file one uploaded, or that lies in a message one may read. Raises `NotFound`."""
    stored = StoredFile.objects.filter(id=file_id, org_id=person.org_id).first()
    if stored is None:
        raise NotFound("There is no such file.")
    attachment = Attachment.objects.select_related("message__channel").filter(file=stored).first()
    if attachment is None:
        if stored.uploader_id != person.id:
            raise NotFound("There is no such file.")
        return stored
    if attachment.message.deleted_at or attachment.message.channel.deleted_at:
        raise NotFound("There is no such file.")
    _judge(person, attachment.message.channel, "channel.read")
    return stored
