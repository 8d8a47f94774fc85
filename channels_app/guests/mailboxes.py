"""Whether addresses take our mail: failures for good are counted, and after several in a row no more is sent."""

from __future__ import annotations

import logging

from django.db import transaction

from channels_app.chat import guests
from channels_app.chat.models import Seat
from channels_app.guests.models import Mailbox
from workspace.events import lanes

log = logging.getLogger(__name__)

MOST_FAILURES = 3
WHY_LIMIT = 500


@transaction.atomic
def failed(person: str, why: str) -> bool:
    """A mail to a guest (an id) was refused for good, or came back. At the third in a row their seats are paused.

    Answers whether they are: what else was under way need not be sent.
    """
    Mailbox.objects.bulk_create([Mailbox(person_id=person)], ignore_conflicts=True)
    box = Mailbox.objects.select_for_update(no_key=True).get(person=person)
    box.failures, box.why = box.failures + 1, why[:WHY_LIMIT]
    box.save(update_fields=["failures", "why"])
    log.info("mail to the guest %s failed (%d in a row): %s", person, box.failures, why)
    if box.failures < MOST_FAILURES:
        return False
    seats = Seat.objects.select_related("membership__person").order_by("pk")
    for seat in seats.filter(membership__person=person, membership__channel__deleted_at=None):
        guests.give_up(guest=seat.membership.person, channel=seat.membership.channel_id, why=why)
    return True


def try_again(person: str) -> None:
    """Somebody says that the address of a guest (an id) takes mail again: what waits for it goes out at once."""
    taken(person)
    lanes.wake(guests.lane_of(person))


def taken(person: str) -> None:
    """The address of a guest (an id) that failed takes mail again."""
    Mailbox.objects.filter(person=person).update(failures=0)
