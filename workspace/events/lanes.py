"""Lanes: a subscriber's place in a stream, drained in order, backed off alone.

A carrier calls `drain(subscriber, stream, deliver)`. The lane's row is locked for the time (`SKIP LOCKED`: a second
worker goes away at once), events after the cursor are read in a batch, `deliver` carries them, the cursor moves with
what `deliver` wrote in the same transaction. `deliver` answers by returning (all sent), or raises `TryLater` or
`Refused`; anything else it raises counts as try later (unknown means try later).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from workspace.events import log, prepared, statement
from workspace.events.models import Lane

LONGEST_WAIT = 15 * 60.0
BATCH = 100


class TryLater(Exception):
    """The outside world could not take it now; why."""


class Refused(Exception):
    """The outside world will never take the event `seq`; why. The lane goes on after it."""

    def __init__(self, seq: int, why: str) -> None:
        super().__init__(why)
        self.seq = seq


Deliver = Callable[[Sequence[log.Entry]], None]


@dataclass(frozen=True, slots=True)
class Drained:
    """What one drain did: events delivered, and whether more wait that may go at once."""

    delivered: int
    more: bool


def open_lane(subscriber: str, stream: str, cursor: int = 0) -> None:
    """Make a lane, if there is none yet."""
    Lane.objects.get_or_create(subscriber=subscriber, stream_id=stream, defaults={"cursor": cursor})


def drain(subscriber: str, stream: str, deliver: Deliver, *, batch: int = BATCH) -> Drained:
    """Deliver one batch of a lane. Nothing happens when another worker has it or its time has not come."""
    with transaction.atomic():
        lane = _claim(subscriber, stream)
        entries = log.read(stream, lane.cursor, limit=batch) if lane else []
        if lane is None or not entries:
            return Drained(0, False)
        try:
            _carry(lane, entries, deliver)
        except Exception as error:  # unknown means try later
            _back_off(lane, error)
            return Drained(0, False)
    return Drained(len(entries), len(entries) == batch)


def _carry(lane: Lane, entries: Sequence[log.Entry], deliver: Deliver) -> None:
    try:
        with transaction.atomic():
            deliver(entries)
        _advance(lane, entries[-1].seq)
    except Refused as refusal:
        before = [entry for entry in entries if entry.seq < refusal.seq]
        if before:
            with transaction.atomic():
                deliver(before)
        _step_over(lane, refusal)


_ADVANCE = "UPDATE events_lane SET cursor = %s, attempts = 0, why = '' WHERE id = %s RETURNING id"


def _claim(subscriber: str, stream: str) -> Lane | None:
    due = "subscriber = %s AND stream_id = %s AND due <= %s FOR UPDATE SKIP LOCKED"
    return next(iter(prepared.rows(Lane, due, [subscriber, stream, timezone.now()])), None)


def _advance(lane: Lane, cursor: int) -> None:
    statement.run(_ADVANCE, [cursor, lane.pk])


def _step_over(lane: Lane, refusal: Refused) -> None:
    lane.cursor, lane.attempts, lane.refused = refusal.seq, 0, lane.refused + 1
    lane.why = f"refused {lane.stream_id}@{refusal.seq}: {refusal}"[:1000]
    lane.save(update_fields=["cursor", "attempts", "refused", "why"])


def pause_after(attempts: int) -> float:
    """Seconds to wait after so many failures in a row: doubling, never the same twice."""
    pause: float = min(LONGEST_WAIT, 0.5 * 2 ** min(attempts, 12)) * random.uniform(0.8, 1.2)
    return pause


def _back_off(lane: Lane, error: Exception) -> None:
    lane.attempts += 1
    lane.due = timezone.now() + timedelta(seconds=pause_after(lane.attempts))
    lane.why = (str(error) or type(error).__name__)[:1000]
    lane.save(update_fields=["attempts", "due", "why"])


_LEASE = """
UPDATE events_lane SET due = now() + make_interval(secs => %(seconds)s) WHERE id IN (
  SELECT l.id FROM events_lane l JOIN events_stream s ON s.key = l.stream_id
  WHERE l.stream_id = %(stream)s AND starts_with(l.subscriber, %(prefix)s) AND l.due <= now() AND s.head > l.cursor
  ORDER BY l.cursor, l.id LIMIT %(limit)s FOR UPDATE OF l SKIP LOCKED)
RETURNING id, subscriber, cursor, attempts
"""


@dataclass(frozen=True, slots=True)
class Leased:
    """A lane that is ours for a while."""

    id: int
    subscriber: str
    cursor: int
    attempts: int


def lease(stream: str, prefix: str, *, seconds: float, limit: int) -> list[Leased]:
    """Take the lanes of a stream that are behind and due, of subscribers with this prefix, for some seconds.

    For carriers that need longer for a delivery than a transaction may last: others leave these lanes alone until the
    time is over, which is soon when whoever took them has died and does not `renew` it. `move` writes down how far
    they came, and gives them back.
    """
    given = {"stream": stream, "prefix": prefix, "seconds": seconds, "limit": limit}
    return [Leased(*row) for row in statement.run(_LEASE, given)]


def renew(leased: Collection[int], *, seconds: float) -> None:
    """Keep lanes (by id) for some seconds more; those that were given back meanwhile stay free."""
    statement.run(_RENEW, [seconds, list(leased)])


_RENEW = (
    "UPDATE events_lane SET due = now() + make_interval(secs => %s) WHERE id = ANY (%s) AND due > now() RETURNING id"
)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a leased lane came: it goes on after `cursor`, in `wait` seconds (None: the lease goes on).

    `attempts` and `why` are of what failed; `refused` counts events that will never be taken.
    """

    lane: int
    cursor: int
    wait: float | None = 0.0
    attempts: int = 0
    why: str = ""
    refused: int = 0


_MOVE = """
UPDATE events_lane l SET cursor = greatest(l.cursor, s.cursor), attempts = s.attempts, why = left(s.why, 1000),
  refused = l.refused + s.refused,
  due = CASE WHEN s.wait IS NULL THEN l.due ELSE now() + make_interval(secs => s.wait) END
FROM jsonb_to_recordset(%s::jsonb) AS s(lane bigint, cursor bigint, wait float8, attempts int, why text, refused int)
WHERE l.id = s.lane RETURNING l.id
"""


def move(steps: Sequence[Step]) -> None:
    """Write down how far leased lanes came, one step a lane."""
    statement.run(_MOVE, [statement.rows_json([asdict(step) for step in steps])])


def behind(subscriber_prefix: str, *, limit: int = 1000) -> list[Lane]:
    """Lanes of a kind of subscriber that have events to deliver and whose time has come, longest waiting first."""
    lanes = Lane.objects.filter(subscriber__startswith=subscriber_prefix, due__lte=timezone.now())
    return list(lanes.filter(stream__head__gt=F("cursor")).order_by("due")[:limit])


def wake(subscriber: str) -> None:
    """End the back-off of every lane of a subscriber, e.g. when its server is back."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_lane SET due = now() WHERE subscriber = %s AND due > now()", [subscriber])


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a lane is behind: events waiting, seconds since the oldest of them, failures so far and the last why."""

    subscriber: str
    stream: str
    waiting: int
    seconds: float
    attempts: int
    why: str


def lags(*, limit: int = 200) -> list[Lag]:
    """Every lane that is behind or has refused something, the worst first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.subscriber, l.stream_id, s.head - l.cursor,"
            " coalesce(extract(epoch FROM now() - e.at), 0)::float8, l.attempts, l.why"
            " FROM events_lane l JOIN events_stream s ON s.key = l.stream_id"
            " LEFT JOIN events_event e ON e.stream = l.stream_id AND e.seq = l.cursor + 1"
            " WHERE s.head > l.cursor ORDER BY 4 DESC LIMIT %s",
            [limit],
        )
        return [Lag(*row) for row in cursor.fetchall()]
