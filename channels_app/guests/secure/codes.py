"""Verbs on codes that chat programs scan to join a channel, encrypted (SecureJoin)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from channels_app.chat import access, guests
from channels_app.chat.access import Seen
from channels_app.chat.models import Channel, Membership
from channels_app.guests.models import JoinCode
from channels_app.guests.secure import keys
from channels_app.mail import openpgp
from channels_app.mail.securejoin import Code
from workspace.events.refusal import Conflict, Forbidden, Invalid, NotFound
from workspace.people.models import Person

MOST_CODES = 20  # of a channel at once: each is tried on mail that is sealed with a password
MOST_USES = 500
DAYS = 7
MOST_DAYS = 366
OVER = "This code is no longer good; ask for a new one."
_BYTES = 18


@transaction.atomic
def make(*, person: Person, channel: str, expires_at: datetime | None = None, most_uses: int = 1) -> JoinCode:
    """A code for a channel; without `expires_at` it is good for a week.

    Raises as `guests.may_invite`, `Invalid` for a bad time or number, `Conflict` where there are too many already.
    """
    seen = guests.may_invite(person, channel)
    until = expires_at or timezone.now() + timedelta(days=DAYS)
    if not timezone.now() < until <= timezone.now() + timedelta(days=MOST_DAYS):
        raise Invalid("A code's time must end within a year.", fields={"expires_at": "not within a year"})
    if not 0 < most_uses <= MOST_USES:
        raise Invalid(f"A code is for 1 to {MOST_USES} people.", fields={"most_uses": "out of range"})
    Channel.objects.select_for_update(no_key=True).get(id=seen.channel.id)  # two who make one take turns
    if live(seen.channel).count() >= MOST_CODES:
        raise Conflict(f"At most {MOST_CODES} codes at once; revoke one first.")
    JoinCode.objects.filter(channel=seen.channel, expires_at__lte=timezone.now()).delete()
    keys.secret(seen.channel)
    return JoinCode.objects.create(
        channel=seen.channel,
        maker=person,
        number=secrets.token_urlsafe(_BYTES),
        secret=secrets.token_urlsafe(_BYTES),
        expires_at=until,
        most_uses=most_uses,
    )


def shown(*, person: Person, channel: str) -> list[JoinCode]:
    """The codes of a channel that are still good and that this person may see: theirs, or all as its admin.

    Raises as `guests.may_invite`.
    """
    seen = guests.may_invite(person, channel)
    return list(_seen_by(person, seen).select_related("channel__org").order_by("created_at"))


@transaction.atomic
def revoke(*, person: Person, channel: str, code: str) -> None:
    """Nobody comes in by this code any more. Raises as `access.channel`, `NotFound` for somebody else's."""
    seen = access.channel(person, channel, "guests.list")
    deleted, _ = _seen_by(person, seen).filter(id=code).delete()
    if not deleted:
        raise NotFound("There is no such code.")


def live(channel: Channel) -> QuerySet[JoinCode]:
    """The codes by which somebody may still join."""
    return JoinCode.objects.filter(channel=channel, expires_at__gt=timezone.now(), uses__lt=F("most_uses"))


def used(code: JoinCode) -> None:
    """Count one who comes by it. Raises `Forbidden` when it is used up or its time is over."""
    rows = live(code.channel).filter(pk=code.pk)
    if not rows.update(uses=F("uses") + 1):
        raise Forbidden(OVER)


def said_by(code: JoinCode) -> Code:
    """What a code says (its channel and organization joined)."""
    return said_by_all([code])[0]


def said_by_all(rows: Sequence[JoinCode]) -> list[Code]:
    """What codes of one channel say."""
    if not rows:
        return []
    group = keys.group_of(rows[0].channel, keys.secret(rows[0].channel))
    ours = openpgp.fingerprint(group.certificate)
    return [Code(ours, group.address, group.id, group.name, code.number, code.secret) for code in rows]


def _seen_by(person: Person, seen: Seen) -> QuerySet[JoinCode]:
    is_admin = seen.membership is not None and seen.membership.role == Membership.Role.ADMIN
    return live(seen.channel) if is_admin or person.is_admin else live(seen.channel).filter(maker=person)
