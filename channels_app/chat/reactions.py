"""Verbs on reactions."""

from __future__ import annotations

import re
import unicodedata

from django.db import transaction

from channels_app.chat import access, shapes
from channels_app.chat.kinds import Reacted
from channels_app.chat.models import Reaction
from channels_app.chat.shapes import MessageShape
from workspace.events import log
from workspace.events.refusal import Conflict, Invalid
from workspace.people.models import Person

MOST_KINDS = 50
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2190-\u2bff\u3030\u303d\u3297\u3299\u00a9\u00ae\u203c\u2049\u20e3\u2122\u2139"
    "\ufe0f\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f0-9#*]{1,32}"
)


def clean_emoji(emoji: str) -> str:
    """One emoji (with its modifiers and joiners). Raises `Invalid` for anything else."""
    emoji = unicodedata.normalize("NFC", emoji)
    if not _EMOJI.fullmatch(emoji) or all(char in "0123456789#*" for char in emoji):
        raise Invalid("This is not an emoji.", fields={"emoji": "invalid"})
    return emoji


@transaction.atomic
def add(*, person: Person, message: str, emoji: str, origin: str = "web") -> MessageShape:
    """React to a message; a second time changes nothing. Raises `Invalid`, `Deleted`, and as `access.message`."""
    emoji = clean_emoji(emoji)
    row = access.locked_message(person, message, "message.react")
    if Reaction.objects.filter(message=row, person=person, emoji=emoji).exists():
        return shapes.message(row)
    kinds = Reaction.objects.filter(message=row).exclude(emoji=emoji).values("emoji").distinct().count()
    if kinds >= MOST_KINDS:
        raise Conflict(f"At most {MOST_KINDS} different reactions on a message.")
    Reaction.objects.create(message=row, person=person, emoji=emoji)
    payload: Reacted = {"id": row.id, "emoji": emoji, "person": person.id}
    log.append(log.Draft(row.channel.stream, "reaction.added", payload, person.id, origin))
    return shapes.message(row)


@transaction.atomic
def remove(*, person: Person, message: str, emoji: str, origin: str = "web") -> MessageShape:
    """Take one's reaction back; without one nothing changes."""
    emoji = clean_emoji(emoji)
    row = access.locked_message(person, message, "message.react")
    deleted, _ = Reaction.objects.filter(message=row, person=person, emoji=emoji).delete()
    if deleted:
        payload: Reacted = {"id": row.id, "emoji": emoji, "person": person.id}
        log.append(log.Draft(row.channel.stream, "reaction.removed", payload, person.id, origin))
    return shapes.message(row)
