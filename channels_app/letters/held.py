"""Verbs on mails in quarantine: what admins see of what was kept back, and do with it.

held --release--> a post of the person it says it is from     |--delete--> gone
     '--nobody did anything for long--> gone
Private channels and conversations stay closed here too: who is not in them sees that a mail is held, from whom and why,
and may delete it, but neither reads nor releases it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from channels_app.chat import access, posting
from channels_app.chat.models import Channel, Kind, Membership
from channels_app.files import storage
from channels_app.letters import incoming
from channels_app.letters.models import Quarantined
from channels_app.letters.targets import Targets
from channels_app.letters.unwanted import Unwanted, check_form
from channels_app.mail import Limits, Parsed, parse
from channels_app.mail.headers import Headers, read_headers
from workspace.events.refusal import Forbidden, Invalid, NotFound, Refusal
from workspace.people.models import Person

log = logging.getLogger(__name__)

LIMITS = Limits()
SETTLED_AT_ONCE = 100
_CHANNEL, _PERSON = "channel:", "person:"


@dataclass(frozen=True, slots=True)
class Held:
    """A mail in quarantine: the `channel` or the `person` (ids) it was for, and whether it may be read."""

    row: Quarantined
    channel: str | None
    person: str | None
    readable: bool


@dataclass(frozen=True, slots=True)
class HeldMail:
    """A mail in quarantine with what is in it."""

    held: Held
    headers: Headers
    parsed: Parsed


def listed(person: Person, *, channel: str = "", before: int | None = None, limit: int) -> list[Held]:
    """What is in quarantine, the newest first, before one of them (a row's id). Raises `Forbidden`. Two queries."""
    access.require(person, "quarantine.list")
    rows = Quarantined.objects.filter(org_id=person.org_id, settled_at=None).order_by("-id")
    if channel:
        rows = rows.filter(stream=f"{_CHANNEL}{channel}")
    if before is not None:
        rows = rows.filter(id__lt=before)
    return _seen(person, list(rows[:limit]))


def _seen(person: Person, rows: Sequence[Quarantined]) -> list[Held]:
    ids = [row.stream.removeprefix(_CHANNEL) for row in rows]
    seen = set(Channel.objects.filter(access.visible_channels(person), id__in=ids).values_list("id", flat=True))
    return [_held(row, person, seen) for row in rows]


def _held(row: Quarantined, person: Person, seen: set[str]) -> Held:
    kind, _, id = row.stream.partition(":")
    readable = row.stream == person.stream or (kind == "channel" and id in seen)
    return Held(row, id if kind == "channel" else None, id if kind == "person" else None, readable)


def one(person: Person, id: int) -> Held:
    """One of them. Raises `Forbidden`, `NotFound`."""
    return _one(person, id, "quarantine.list")


def _one(person: Person, id: int, action: str, *, lock: bool = False) -> Held:
    access.require(person, action)
    rows = Quarantined.objects.filter(org_id=person.org_id, settled_at=None, id=id)
    row = (rows.select_for_update(no_key=True) if lock else rows).first()
    if row is None:
        raise NotFound("There is no such mail; it may have been released or deleted.")
    return _seen(person, [row])[0]


def look(person: Person, id: int) -> HeldMail:
    """One of them with what is in it. Raises `Forbidden` also for what may not be read, `NotFound`."""
    found = one(person, id)
    with content(found) as file:
        raw = file.read(LIMITS.size + 1)
    return HeldMail(found, read_headers(raw, 0, len(raw), LIMITS)[0], parse(raw))


def content(found: Held) -> BinaryIO:
    """The bytes of a mail. Raises `Forbidden` for what may not be read, `NotFound` when they are gone."""
    if not found.readable:
        raise Forbidden("Only who is in this conversation can read what is held for it.")
    return _bytes(found.row)


def _bytes(row: Quarantined) -> BinaryIO:
    try:
        return storage.open_file(row.key)
    except FileNotFoundError:
        raise NotFound("The bytes of this mail are gone.") from None


@transaction.atomic
def release(*, person: Person, held: int) -> str:
    """Post a mail as whom it says it is from; the id of the message. The channel's own rules hold.

    Raises `Forbidden`, `NotFound`, `Invalid` for what is no plain message or from nobody in the channel, and what
    posting raises.
    """
    found = _one(person, held, "quarantine.settle", lock=True)
    if found.channel is None:
        raise Invalid("This mail is for nobody's channel.")
    with content(found) as file:
        raw = file.read(LIMITS.size + 1)
    parsed = _plain(parse(raw))
    channel = Channel.objects.get(id=found.channel)
    author = _author(parsed, channel)
    target = Targets(channel, [parsed]).find(parsed) if channel.kind != Kind.DIRECT else None
    what = incoming.posting_of(
        parsed,
        person=author,
        channel=channel.id,
        thread=target,
        client_id=incoming.same_id(parsed, raw, person=author, channel=channel.id, origin=found.row.origin),
        origin=found.row.origin,
    )
    (outcome,) = posting.post_many([what])
    if isinstance(outcome, Refusal):
        raise outcome
    settle(found.row, person)
    log.warning("%s released a mail of %s into %s", person.id, author.id, channel.stream)
    return outcome.message["id"]


def _plain(parsed: Parsed) -> Parsed:
    """A mail that is a message and nothing else. Raises `Invalid`."""
    try:
        check_form(parsed)
    except Unwanted as unwanted:
        raise Invalid(f"This mail can't be posted: {unwanted}.") from None
    if parsed.chat_content or parsed.reaction is not None or parsed.pinned:
        raise Invalid("This mail changes or marks another message; only messages can be released.")
    return parsed


def _author(parsed: Parsed, channel: Channel) -> Person:
    email = parsed.from_.email.lower() if parsed.from_ else ""
    inside = Membership.objects.select_related("person").filter(channel=channel, person__active=True)
    membership = inside.filter(person__email=email).first() if email else None
    if membership is None:
        raise Invalid(f"{email or 'Its sender'} is not in this channel, so the mail can't be posted there.")
    return membership.person


@transaction.atomic
def delete(*, person: Person, held: int) -> None:
    """Throw a mail away. Raises `Forbidden`, `NotFound`."""
    settle(_one(person, held, "quarantine.settle", lock=True).row, person)


def settle(row: Quarantined, by: Person) -> None:
    """Somebody has decided what becomes of a mail; its caller has locked the row."""
    row.settled_at, row.settled_by = timezone.now(), by
    row.save(update_fields=["settled_at", "settled_by"])


def locked(person: Person, id: int) -> Held:
    """One that is about to be settled. Raises `Forbidden`, `NotFound`."""
    return _one(person, id, "quarantine.settle", lock=True)


def raw_of(found: Held) -> bytes:
    """All bytes of a mail, whoever may read them. Raises `NotFound` when they are gone, `Invalid` for too many."""
    if found.row.size > LIMITS.size:
        raise Invalid("This mail is too big to be let in.")
    with _bytes(found.row) as file:
        return file.read()


def expire() -> int:
    """Take the bytes of settled mails away, and everything of old ones; how many of either."""
    settled = list(Quarantined.objects.exclude(settled_at=None).exclude(key="")[:SETTLED_AT_ONCE])
    for row in settled:
        storage.path(row.key).unlink(missing_ok=True)
        row.key = ""
        row.save(update_fields=["key"])
    over = timezone.now() - timedelta(days=settings.HELD_DAYS)
    old = list(Quarantined.objects.filter(at__lte=over).order_by("at")[:SETTLED_AT_ONCE])
    for row in old:
        if row.key:  # first, so that no bytes are left without a row
            storage.path(row.key).unlink(missing_ok=True)
    Quarantined.objects.filter(id__in=[row.id for row in old]).delete()
    return len(settled) + len(old)
