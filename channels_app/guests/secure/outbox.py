"""Answers to programs wait here until they are sent: written with what they answer, sent at least once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from channels_app.guests.models import Reply
from workspace.events import bells, lanes

BELL = "guests:outbox"
AT_ONCE = 20
LEASE_SECONDS = 120
MOST_ATTEMPTS = 8


def put(*, sender: str, to: str, content: bytes) -> None:
    """Let a mail go out once this transaction is committed."""
    Reply.objects.create(sender=sender, to=to, content=content)
    transaction.on_commit(lambda: bells.wake(BELL))


@transaction.atomic
def take() -> Sequence[Reply]:
    """Some that may go now, for whoever asks; they are free again when nobody says what became of them."""
    rows = Reply.objects.select_for_update(skip_locked=True).filter(due__lte=timezone.now())
    taken = list(rows.order_by("due")[:AT_ONCE])
    until = timezone.now() + timedelta(seconds=LEASE_SECONDS)
    Reply.objects.filter(pk__in=[one.pk for one in taken]).update(due=until)
    return taken


def settled(reply: Reply) -> None:
    """It was sent, or never will be."""
    reply.delete()


def put_off(reply: Reply) -> None:
    """It could not be sent now; after several times it never will be: nobody waits for it any more."""
    attempts = reply.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        reply.delete()
        return
    due = timezone.now() + timedelta(seconds=lanes.pause_after(attempts))
    Reply.objects.filter(pk=reply.pk).update(attempts=attempts, due=due)
