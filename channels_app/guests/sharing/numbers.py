"""What the two sides of a share know of each other's numbers (`mail.slip`), and what follows from it.

Every function has the share's row locked by its caller, and leaves it to be saved.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from channels_app.chat.models import Share
from channels_app.chat.sharing import lane_of
from channels_app.guests.models import Early
from channels_app.mail import Heard, Slip
from workspace.events import log
from workspace.events.ids import new_id
from workspace.events.models import Lane

ANSWER_SECONDS = 5.0  # what we have is told with the next mail, or after this
ASK_SECONDS = 60.0
LONGEST_ASK = 6 * 60 * 60.0
FIELDS = [
    "epoch", "base", "sent", "acked", "heard", "peer_epoch", "received", "received_at", "owes", "gap", "due",
    "attempts", "selector", "record", "why",
]  # fmt: skip


def ask_after(attempts: int) -> timedelta:
    """When to ask (again) whether they have what was sent."""
    return timedelta(seconds=min(LONGEST_ASK, ASK_SECONDS * 2 ** min(attempts, 12)))


def owe(share: Share, seconds: float = ANSWER_SECONDS) -> None:
    """They are to be told how far we are, soon."""
    share.owes = True
    soon = timezone.now() + timedelta(seconds=seconds)
    share.due = min(share.due, soon) if share.due else soon


def hear(share: Share, slip: Slip) -> bool:
    """Take in what a mail says of numbers; False when it is of an earlier life of theirs and says nothing any more."""
    if slip.epoch < share.peer_epoch:
        return False
    anew = slip.epoch > share.peer_epoch
    if anew:
        _begin_anew(share, slip)
    if slip.ask or slip.again:
        owe(share, 0 if slip.ask else ANSWER_SECONDS)
    if slip.ask:
        share.gap = True  # tells them to go on from where we are: what is under way comes twice at worst
    if slip.heard is not None and slip.heard.epoch == share.epoch:
        if anew:
            share.acked = min(share.acked, slip.heard.seq)  # what they had is gone, too
        _acknowledge(share, slip.heard, again=slip.again or anew)
    return True


def _begin_anew(share: Share, slip: Slip) -> None:
    """Their numbers begin at `base`: those above it are not what they were."""
    if not share.peer_epoch or slip.base < share.received:
        share.received, share.received_at = slip.base, ""
    share.peer_epoch = slip.epoch
    Early.objects.filter(share=share).delete()
    Lane.objects.filter(subscriber=lane_of(share.id)).update(due=timezone.now())  # they are there


def _acknowledge(share: Share, heard: Heard, *, again: bool) -> None:
    if not _is_so(share, heard):
        restart(share)
        return
    if heard.seq > share.acked:
        share.acked, share.attempts = heard.seq, 0
    share.heard = True
    if again and heard.seq < share.sent:
        _go_back(share, heard.seq)
    if share.acked >= share.sent and not share.owes:
        share.due = None


def _is_so(share: Share, heard: Heard) -> bool:
    """Whether our numbers still mean what they meant to them: the event of this number is of the same moment."""
    at = at_of(share, heard.seq)
    return at is not None and heard.at in ("", at)


def at_of(share: Share, seq: int) -> str | None:
    """When an event of our channel was, None for a number that it has not reached."""
    assert share.channel is not None
    event = next(iter(log.read(share.channel.stream, seq - 1, limit=1, until=seq)), None)
    return log.stamp(event.at) if event else None


def restart(share: Share) -> None:
    """Our numbers went back: a new life of them begins behind what they surely have."""
    share.epoch, share.heard = new_id(), False
    share.base = max(share.start, min(share.acked, share.sent))
    _go_back(share, share.base)
    share.due = timezone.now()


def _go_back(share: Share, seq: int) -> None:
    """Send again what comes after a number; never what was there before the channel was shared."""
    share.sent = max(seq, share.start)
    Lane.objects.filter(subscriber=lane_of(share.id)).update(cursor=share.sent, due=timezone.now())
