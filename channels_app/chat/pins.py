"""Verbs on pins and on what people save for themselves."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from channels_app.chat import access, shapes
from channels_app.chat.kinds import MessageNamed, MessagePinned, SavedTold
from channels_app.chat.models import Channel, Message, Saved
from channels_app.chat.shapes import MessageShape
from workspace.events import log
from workspace.events.refusal import Conflict
from workspace.people.models import Person

MOST_PINS = 100
MOST_SAVED = 200


@transaction.atomic
def pin(*, person: Person, message: str) -> MessageShape:
    """Pin a message for everybody. Raises `Deleted`, `Conflict` at 100 pins, and as `access.message`."""
    row = access.locked_message(person, message, "message.pin")
    if row.pinned_at:
        return shapes.message(row)
    if Message.objects.filter(channel=row.channel_id, pinned_at__isnull=False).count() >= MOST_PINS:
        raise Conflict(f"At most {MOST_PINS} pins in a channel.")
    row.pinned_at, row.pinned_by = timezone.now(), person
    row.save(update_fields=["pinned_at", "pinned_by"])
    payload: MessagePinned = {"id": row.id, "by": person.id, "at": log.stamp(row.pinned_at)}
    log.append(log.Draft(row.channel.stream, "message.pinned", payload, person.id, at=row.pinned_at))
    return shapes.message(row)


@transaction.atomic
def unpin(*, person: Person, message: str) -> MessageShape:
    """Take a pin off."""
    row = access.locked_message(person, message, "message.pin")
    if row.pinned_at:
        row.pinned_at = row.pinned_by = None
        row.save(update_fields=["pinned_at", "pinned_by"])
        payload: MessageNamed = {"id": row.id}
        log.append(log.Draft(row.channel.stream, "message.unpinned", payload, person.id))
    return shapes.message(row)


def pinned(channel: Channel) -> list[MessageShape]:
    """A channel's pins, the newest first."""
    rows = Message.objects.filter(channel=channel, pinned_at__isnull=False).order_by("-pinned_at")[:MOST_PINS]
    return shapes.messages(list(rows))


@transaction.atomic
def save(*, person: Person, message: str) -> None:
    """Keep a message in one's own list. Raises as `access.message`."""
    row, _ = access.message(person, message, "message.save")
    _, fresh = Saved.objects.get_or_create(person=person, message=row)
    if fresh:
        payload: SavedTold = {"id": row.id, "channel": row.channel_id}
        log.append(log.Draft(person.stream, "message.saved", payload, person.id))


@transaction.atomic
def unsave(*, person: Person, message: str) -> None:
    """Take a message off one's own list."""
    row, _ = access.message(person, message, "message.save")
    deleted, _ = Saved.objects.filter(person=person, message=row).delete()
    if deleted:
        log.append(_unsaved(row, person, by=person))


def forget(row: Message, *, by: Person) -> list[log.Draft]:
    """Take a message off everybody's list; what has to be logged."""
    people = [saved.person for saved in Saved.objects.filter(message=row).select_related("person")]
    Saved.objects.filter(message=row).delete()
    return [_unsaved(row, person, by=by) for person in people]


def _unsaved(row: Message, person: Person, *, by: Person) -> log.Draft:
    payload: SavedTold = {"id": row.id, "channel": row.channel_id}
    return log.Draft(person.stream, "message.unsaved", payload, by.id)


def saved(person: Person) -> list[MessageShape]:
    """What a person saved and may still see, the newest first."""
    visible = Channel.objects.filter(access.visible_channels(person))
    rows = Message.objects.filter(id__in=Saved.objects.filter(person=person).values("message"), channel__in=visible)
    return shapes.messages(list(rows.order_by("-created_at")[:MOST_SAVED]))
