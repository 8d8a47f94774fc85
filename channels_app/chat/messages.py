"""Verbs on messages: post, edit, delete, and reading them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from channels_app.chat import access, markdown, mentions, pins, posting, shapes, text
from channels_app.chat.kinds import MessageDeleted, MessageEdited, MessagePosted
from channels_app.chat.models import Channel, Mention, Message, Reaction, Revision
from channels_app.chat.posting import Posted, Posting
from channels_app.chat.shapes import MessageShape, VersionShape
from workspace.events import log, prepared
from workspace.events.models import Event
from workspace.events.refusal import Invalid, Refusal
from workspace.people.models import Person

MOST_VERSIONS = 200


def post(
    *,
    person: Person,
    channel: str,
    text: str,
    thread: str | None = None,
    also_to_channel: bool = False,
    files: Sequence[str] = (),
    client_id: str | None = None,
    origin: str = "web",
    external_id: str | None = None,
    quoted: str | None = None,
    at: datetime | None = None,
) -> Posted:
    """Post a message. The same `client_id` of the same author again answers with the first one (`fresh` False).

    Raises `NotFound` (channel, thread), `Forbidden` (code not_a_member outside), `Archived`, `Invalid` (empty, too
    long), `Conflict` (a file posted already).
    """
    what = Posting(person.id, channel, text, thread, also_to_channel, files, client_id, origin, external_id, quoted, at)
    outcome = posting.post_many([what])[0]
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


@transaction.atomic
def edit(*, person: Person, message: str, text: str, origin: str = "web") -> MessageShape:
    """Change the text of one's own message; what it said before is kept as a revision.

    Raises what `access.message` raises, `Deleted`, and `Invalid` as `post` does.
    """
    row = access.locked_message(person, message, "message.edit")
    cleaned = _clean(row, text)
    if cleaned == row.text:
        return shapes.message(row)
    found = mentions.find(cleaned, row.channel_id)
    now = timezone.now()
    Revision.objects.create(message=row, text=row.text, html=row.html, at=row.edited_at or row.created_at)
    before = row.text
    row.text, row.html = cleaned, markdown.render(cleaned, found.known) if cleaned else ""
    row.mentions, row.mentions_all, row.edited_at = list(found.people), found.everybody, now
    row.save(update_fields=["text", "html", "mentions", "mentions_all", "edited_at"])
    _renew_mentions(row)
    payload: MessageEdited = {
        "id": row.id,
        "text": row.text,
        "html": row.html,
        "mentions": row.mentions,
        "mentions_all": row.mentions_all,
        "edited_at": log.stamp(now),
        "before": before,
    }
    log.append(log.Draft(row.channel.stream, "message.edited", payload, person.id, origin, now))
    return shapes.message(row)


def _clean(row: Message, typed: str) -> str:
    cleaned = text.clean(typed)
    if not cleaned.strip() and not row.attachments.exists():
        raise Invalid("A message needs a text or a file.", fields={"text": "empty"})
    return cleaned


def _renew_mentions(row: Message) -> None:
    Mention.objects.filter(message=row).delete()
    Mention.objects.bulk_create(
        Mention(message=row, person_id=person, channel_id=row.channel_id, seq=row.seq)
        for person in row.mentions
        if person != row.author_id
    )


@transaction.atomic
def delete(*, person: Person, message: str, origin: str = "web") -> MessageShape:
    """Delete a message: its place stays, its text, files, reactions and former versions go, from the log too.

    Raises what `access.message` raises; deleting twice answers the same.
    """
    row = access.locked_message(person, message, "message.delete", deleted_too=True)
    if row.deleted_at:
        return shapes.message(row)
    row.deleted_at = timezone.now()
    row.text = row.html = ""
    row.quoted = row.pinned_at = row.pinned_by = row.mentions_all = row.edited_at = None
    row.mentions = []
    row.save(
        update_fields=[
            "deleted_at", "text", "html", "quoted", "pinned_at", "pinned_by", "mentions", "mentions_all", "edited_at",
        ]
    )  # fmt: skip
    unsaved = pins.forget(row, by=person)
    for gone in (Revision, Reaction, Mention):
        gone._default_manager.filter(message=row).delete()
    if row.thread_id:
        _one_answer_less(row.thread_id)
    shape = shapes.message(row)
    _forget_in_log(row, shape)
    payload: MessageDeleted = {"id": row.id, "thread": row.thread_id, "message": shape}
    log.append(log.Draft(row.channel.stream, "message.deleted", payload, person.id, origin, row.deleted_at), *unsaved)
    return shape


def _one_answer_less(root: str) -> None:
    """A thread whose last answer is gone begins anew: nobody answered, as every client has it."""
    Message.objects.filter(id=root).update(reply_count=Greatest(F("reply_count") - 1, 0))
    Message.objects.filter(id=root, reply_count=0).update(reply_people=[], last_reply_at=None)


def _forget_in_log(row: Message, tombstone: MessageShape) -> None:
    """The events that said the text say the tombstone now; their numbers stay, so no client sees a gap."""
    # The answers that followed come as events of their own.
    posted: MessagePosted = {"message": {**tombstone, "replies": None}}
    Event.objects.filter(stream=row.channel.stream, seq=row.seq).update(payload=posted)
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_EDITS, [row.channel.stream, row.seq, row.id])


_FORGET_EDITS = """
UPDATE events_event
SET payload = payload || '{"text": "", "html": "", "before": "", "mentions": [], "mentions_all": null}'
WHERE stream = %s AND seq > %s AND kind = 'message.edited' AND payload->>'id' = %s
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in order of seq, and whether there are more on either side; `head` is the stream's head."""

    items: list[MessageShape]
    has_before: bool
    has_after: bool
    head: int


def timeline(channel: Channel, *, before: int | None, after: int | None, around: int | None, limit: int) -> Page:
    """A page of the channel's main timeline; the newest when no place is given. Keyset on seq: as quick anywhere."""
    if around is not None:
        half = limit // 2
        older, newer = _older(channel, around, half + 1), _newer(channel, around - 1, limit - half + 1)
        items = older[:half][::-1] + newer[: limit - half]
        return _page(channel, items, len(older) > half, len(newer) > limit - half)
    if after is not None:
        newer = _newer(channel, after, limit + 1)
        return _page(channel, newer[:limit], bool(_older(channel, after + 1, 1)), len(newer) > limit)
    older = _older(channel, before if before is not None else _NEWEST, limit + 1)
    has_after = before is not None and bool(_newer(channel, before - 1, 1))
    return _page(channel, older[:limit][::-1], len(older) > limit, has_after)


_NEWEST = 2**62
_IN_TIMELINE = "channel_id = %s AND (thread_id IS NULL OR also_to_channel)"


def _older(channel: Channel, seq: int, count: int) -> list[Message]:
    """Before `seq`, the latest first. Planned anew each time: one plan for all channels may read a big one whole."""
    where = f"{_IN_TIMELINE} AND seq < %s ORDER BY seq DESC LIMIT %s"
    return prepared.rows(Message, where, [channel.id, seq, count], prepare=False)


def _newer(channel: Channel, seq: int, count: int) -> list[Message]:
    """After `seq`, in order."""
    where = f"{_IN_TIMELINE} AND seq > %s ORDER BY seq LIMIT %s"
    return prepared.rows(Message, where, [channel.id, seq, count], prepare=False)


def _page(channel: Channel, rows: list[Message], has_before: bool, has_after: bool) -> Page:
    head = log.heads([channel.stream]).get(channel.stream, 0)
    return Page(shapes.messages(rows), has_before, has_after, head)


def thread(root: Message, *, after: int, limit: int) -> Page:
    """A page of a thread's answers, oldest first."""
    rows = list(Message.objects.filter(thread=root, seq__gt=after).order_by("seq")[: limit + 1])
    return _page(root.channel, rows[:limit], after > 0, len(rows) > limit)


def history(row: Message) -> list[VersionShape]:
    """The versions of a message, the oldest first, what it says now last; empty for a deleted one.

    Of one that was edited more than `MOST_VERSIONS` times the oldest are left out.
    """
    if row.deleted_at:
        return []
    versions: list[VersionShape] = [
        {"text": row.text, "html": row.html, "at": log.stamp(row.edited_at or row.created_at)}
    ]
    for old in row.revisions.order_by("-id")[: MOST_VERSIONS - 1]:
        versions.append({"text": old.text, "html": old.html, "at": log.stamp(old.at)})
    return versions[::-1]
