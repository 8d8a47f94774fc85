"""What waits for the other sides of shares, made ready to be sent, and what is written down once it was.

The lane of a share stands at or behind the item that was sent last (`Share.sent`); between them lies nothing that they
are told. Whoever moves either has the share's row locked and finds both as they left them: meanwhile the other side may
have asked for what it lacks, and then that goes first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Least
from django.utils import timezone

from channels_app.chat import sharing
from channels_app.chat.models import Share
from channels_app.chat.sharing import LANE
from channels_app.guests import addresses
from channels_app.guests.sending import signing
from channels_app.guests.sharing import notes, numbers
from channels_app.guests.sharing.composing import Items, Place
from channels_app.guests.sharing.notes import Ready
from workspace.events import lanes, log
from workspace.events.lanes import Leased, Step
from workspace.events.models import Lane

LEASE_SECONDS = 20.0
EVENTS_AT_ONCE = 100
LANES_AT_ONCE = 10
NOTES_AT_ONCE = 50
CLAIM_SECONDS = 300
GIVE_UP_AFTER = 10  # attempts to tell that a share has ended
UNHEARD = "they have not answered yet"


@dataclass(frozen=True, slots=True)
class Sendable:
    """A signed mail, and the number it stands for."""

    seq: int
    ready: Ready


@dataclass(frozen=True, slots=True)
class Round:
    """A lane and what goes out now: one mail after the other, made when it is its turn, then it stands at `end`."""

    lane: Leased
    share: Share
    mails: Iterator[Sendable]
    end: int


def gather(stream: str) -> list[Round]:
    """Take the lanes of a channel's shares that may go now, with what waits in them."""
    found = []
    for lane in lanes.lease(stream, LANE, seconds=LEASE_SECONDS, limit=LANES_AT_ONCE):
        rows = Share.objects.select_related("org", "channel__org", "by")
        share = rows.filter(id=lane.subscriber.removeprefix(LANE), state=Share.State.ACTIVE).first()
        if share is None:
            Lane.objects.filter(id=lane.id).delete()
        elif share.channel is None or share.channel.deleted_at:
            _end(share)
        elif not share.peer_epoch:
            lanes.move([Step(lane.id, lane.cursor, wait=numbers.ASK_SECONDS, why=UNHEARD)])
        else:
            found.append(_round(lane, share))
    return found


def _end(share: Share) -> None:
    with transaction.atomic():
        row = sharing.locked(share.id)
        if row is not None:
            sharing.closed(share=row, why="The channel was deleted.")
            Share.objects.filter(id=row.id).update(due=timezone.now())


def _round(lane: Leased, share: Share) -> Round:
    assert share.channel is not None
    entries = log.read(share.channel.stream, lane.cursor, limit=EVENTS_AT_ONCE)
    end = entries[-1].seq if entries else lane.cursor
    after = Place(share.sent, numbers.at_of(share, share.sent) or "")
    return Round(lane, share, _signed(share, Items(share, entries, after)), end)


def _signed(share: Share, items: Items) -> Iterator[Sendable]:
    sender = addresses.share_address(share)
    for item in items:
        yield Sendable(item.seq, Ready(sender, share.address, signing.signed(item.mail)))


def moved(round: Round, step: Step, *, before: int, sent: int) -> bool:
    """Write down that the lane came to a step, and what was `sent` last; False when it is not as it was `before`."""
    share = round.share
    ask = timezone.now() + numbers.ask_after(share.attempts)
    with transaction.atomic():
        rows = Share.objects.filter(id=share.id, epoch=share.epoch, sent=before, state=Share.State.ACTIVE)
        if not rows.update(sent=sent):
            return False
        if sent != before:
            row = Share.objects.filter(id=share.id)
            row.update(due=Least(F("due"), ask), why="")
            row.filter(received=share.received, gap=False).update(owes=False)  # the mail told them
        lanes.move([step])
    return True


def with_shares(streams: Collection[str]) -> list[str]:
    """Those of these streams whose channels are shared."""
    rows = Lane.objects.filter(stream__in=streams, subscriber__startswith=LANE)
    return list(rows.values_list("stream_id", flat=True).distinct())


def behind() -> list[str]:
    """Streams with a share's lane that is behind and due."""
    return list(dict.fromkeys(lane.stream_id for lane in lanes.behind(LANE)))


# Notes

_CLAIM = """
UPDATE chat_share SET due = now() + make_interval(secs => %s) WHERE id IN (
  SELECT id FROM chat_share WHERE due <= now() ORDER BY due LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A share that is to be written to, and its mail: none when there is nothing to say any more."""

    share: Share
    ready: Ready | None


def due() -> Sequence[Due]:
    """The shares whose time has come; they are left alone for a while then.

    Raises `TryLater` when nothing can be signed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [CLAIM_SECONDS, NOTES_AT_ONCE])
        ids = [id for (id,) in cursor.fetchall()]
    rows = Share.objects.select_related("org", "channel__org", "by").filter(id__in=ids)
    return [Due(share, notes.ready(share)) for share in rows]


def written(due: Due) -> None:
    """They were told; or nothing was to be said."""
    with transaction.atomic():
        row = sharing.locked(due.share.id)
        if row is None:
            return
        if (row.received, row.peer_epoch) == (due.share.received, due.share.peer_epoch):
            row.owes = row.gap = False
        row.why = "" if row.state == Share.State.ACTIVE else row.why
        _again(row, asked=due.ready is not None and _waits(row))


def _waits(row: Share) -> bool:
    """Whether an answer is expected."""
    return notes.asks(row) or (row.state == Share.State.ACTIVE and not row.peer_epoch)


def _again(row: Share, *, asked: bool) -> None:
    if row.state != Share.State.ACTIVE:
        row.due = None
    elif asked:
        row.due, row.attempts = timezone.now() + numbers.ask_after(row.attempts), row.attempts + 1
    elif row.owes:
        numbers.owe(row)
    else:
        row.due = None
    row.save(update_fields=["owes", "gap", "why", "due", "attempts"])


def failed(due: Due, why: str, *, for_ever: bool) -> None:
    """They could not be told. An offer that nobody takes is over; everything else is tried again."""
    with transaction.atomic():
        row = sharing.locked(due.share.id)
        if row is None:
            return
        if for_ever and row.state == Share.State.OFFERED:
            sharing.closed(share=row, why=why)
            return
        row.attempts += 1
        given_up = row.state == Share.State.ENDED and row.attempts >= GIVE_UP_AFTER
        row.due = None if given_up else timezone.now() + numbers.ask_after(row.attempts)
        row.why = row.why if row.state == Share.State.ENDED else why[: sharing.WHY_LIMIT]
        row.save(update_fields=["attempts", "due", "why"])
