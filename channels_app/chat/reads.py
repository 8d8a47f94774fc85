"""Verbs on read positions and drafts: what only one person sees."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from channels_app.chat import access, shapes, text
from channels_app.chat.kinds import ReadMoved
from channels_app.chat.models import Channel, Draft, Membership, Message
from channels_app.chat.shapes import CountsShape, DraftShape
from workspace.events import log
from workspace.events.refusal import Invalid, NotFound
from workspace.people.models import Person

MOST_DRAFTS = 200


def read(*, person: Person, channel: str, seq: int) -> CountsShape:
    """Mark everything up to `seq` as read; the position never moves back, nor beyond the head.

    Raises as `access.channel`, and `Invalid` for a negative number.
    """
    return _move(person, channel, seq, forward=True)


def unread(*, person: Person, channel: str, seq: int) -> CountsShape:
    """Mark `seq` and everything after it as unread."""
    return _move(person, channel, seq - 1, forward=False)


@transaction.atomic
def _move(person: Person, channel: str, seq: int, *, forward: bool) -> CountsShape:
    seen = access.channel(person, channel, "channel.mark")
    if not 0 <= seq < 2**62:
        raise Invalid("This is no place in the channel.", fields={"seq": "out of range"})
    assert seen.membership is not None
    row = Membership.objects.select_for_update().get(pk=seen.membership.pk)
    place = min(seq, log.heads([seen.channel.stream])[seen.channel.stream])
    if forward:
        place = max(place, row.read)
    changed = place != row.read
    if changed:
        row.read = place
        row.save(update_fields=["read"])
    counts = shapes.counts(person, [channel])[channel]
    if changed:
        payload: ReadMoved = {"channel": channel, **counts}
        log.append(log.Draft(person.stream, "read.moved", payload, person.id))
    return counts


@transaction.atomic
def set_draft(*, person: Person, channel: str, thread: str, typed: str) -> DraftShape:
    """Keep what a person has typed; an empty text deletes it.

    Raises as `access.channel`, `NotFound` for an unknown thread, `Invalid` for a text that can't be kept.
    """
    seen = access.channel(person, channel, "channel.draft")
    if thread and not Message.objects.filter(id=thread, channel=seen.channel).exists():
        raise NotFound("There is no such thread.")
    cleaned = text.clean(typed)
    key: dict[str, Any] = {"person": person, "channel": seen.channel, "thread": thread}
    now = timezone.now()
    if cleaned:
        row, _ = Draft.objects.update_or_create(**key, defaults={"text": cleaned, "updated_at": now})
    else:
        Draft.objects.filter(**key).delete()
        row = Draft(**key, text="", updated_at=now)
    shape = shapes.draft(row)
    log.append(log.Draft(person.stream, "draft.changed", shape, person.id))
    return shape


def drafts(person: Person) -> list[DraftShape]:
    """A person's drafts, the newest first."""
    visible = Channel.objects.filter(access.visible_channels(person))
    rows = Draft.objects.filter(person=person, channel__in=visible).order_by("-updated_at")[:MOST_DRAFTS]
    return [shapes.draft(row) for row in rows]
