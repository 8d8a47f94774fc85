"""The event log: the only place that writes events.

`append` is called last in the transaction of a verb, with all the events of that verb at once: it locks the streams in
the order of their keys (so two verbs cannot wait for each other), takes the numbers and writes the events. The lock is
short and the log has no gaps. The hot path of a post does the same in its own single statement (`chat.posting`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone

from workspace.events import bells, statement
from workspace.events.models import Event, Stream

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no number yet."""

    stream: str
    kind: str
    payload: Json
    actor: str | None = None
    origin: str = "web"
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it stands in the log."""

    stream: str
    seq: int
    kind: str
    actor: str | None
    origin: str
    payload: Json
    at: datetime

    @classmethod
    def of(cls, row: Sequence[Any]) -> Entry:
        """An event from its columns; its JSON comes as text."""
        stream, seq, kind, actor, origin, payload, at = row
        return cls(stream, seq, kind, actor, origin, orjson.loads(payload), at)

    def json(self) -> dict[str, Any]:
        """The event as sent to clients (api.md), without the frame's `type`."""
        return {
            "stream": self.stream,
            "seq": self.seq,
            "kind": self.kind,
            "actor": self.actor,
            "origin": self.origin,
            "payload": self.payload,
            "at": stamp(self.at),
        }

    def frame(self) -> bytes:
        """The event as a WebSocket frame, encoded once for all who get it."""
        return orjson.dumps({"type": "event", **self.json()})


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def open_stream(key: str, org: str) -> None:
    """Create an empty stream."""
    Stream.objects.create(key=key, org=org)


def append(*drafts: Draft) -> list[Entry]:
    """Write events; call it last in the verb's transaction.

    Raises `Stream.DoesNotExist` when a stream was never opened. After commit the bells of the streams are rung.
    """
    with transaction.atomic():
        counts = Counter(draft.stream for draft in drafts)
        base = _take_numbers(counts)
        now = timezone.now()
        taken: Counter[str] = Counter()
        entries = []
        for draft in drafts:
            taken[draft.stream] += 1
            seq = base[draft.stream] + taken[draft.stream]
            entries.append(
                Entry(draft.stream, seq, draft.kind, draft.actor, draft.origin, draft.payload, draft.at or now)
            )
        insert(entries)
        transaction.on_commit(lambda: bells.ring(entries))
    return entries


def _take_numbers(counts: Mapping[str, int]) -> dict[str, int]:
    """Lock the streams in key order and move their heads; the heads as they were before."""
    keys = sorted(counts)
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, head FROM events_stream WHERE key = ANY(%s) ORDER BY key FOR UPDATE", [keys])
        base: dict[str, int] = dict(cursor.fetchall())
        if len(base) != len(keys):
            raise Stream.DoesNotExist(f"no stream {set(keys) - set(base)}")
        cursor.execute(
            "UPDATE events_stream s SET head = s.head + n.count"
            " FROM unnest(%s::text[], %s::bigint[]) AS n(key, count) WHERE s.key = n.key",
            [keys, [counts[key] for key in keys]],
        )
    return base


def insert(entries: Iterable[Entry]) -> None:
    """Write events that have their numbers already (used by `append` and by the rebuild from mail)."""
    rows = [
        Event(stream=e.stream, seq=e.seq, kind=e.kind, actor=e.actor, origin=e.origin, payload=e.payload, at=e.at)
        for e in entries
    ]
    Event.objects.bulk_create(rows, batch_size=1000)


def read(stream: str, after: int, *, limit: int = 500, until: int | None = None) -> list[Entry]:
    """Events of a stream after `after`, in order, at most `limit`, not beyond `until` when given."""
    return [Entry.of(row) for row in statement.run(_READ, [stream, after, until, until, limit])]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a stream: the events after `after`, up to `until`."""

    after: int
    until: int


_COLUMNS = ("stream", "seq", "kind", "actor", "origin", "payload", "at")
_READ = f"""
SELECT {", ".join(_COLUMNS)} FROM events_event
WHERE stream = %s AND seq > %s AND (%s::bigint IS NULL OR seq <= %s) ORDER BY seq LIMIT %s
"""
_SPANS = f"""
SELECT {", ".join(f"e.{column}" for column in _COLUMNS)}
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
  WITH ORDINALITY AS span(stream, after, until, most, nth)
CROSS JOIN LATERAL (
  SELECT * FROM events_event WHERE stream = span.stream AND seq > span.after AND seq <= span.until
  ORDER BY seq LIMIT span.most) e
ORDER BY span.nth, e.seq
"""


def read_spans(spans: Mapping[str, Span], *, limit: int) -> tuple[list[Entry], dict[str, int]]:
    """Pieces of streams that are there already, stream by stream in the order given: one query, at most `limit` events.

    Also how far each stream it came to was read: to `until` when nothing is left before it, a gap or not.
    """
    shares = _shares(spans, limit)
    if not shares:
        return [], {}
    read = [spans[stream] for stream in shares]
    params = [list(shares), [span.after for span in read], [span.until for span in read], list(shares.values())]
    entries = [Entry.of(row) for row in statement.run(_SPANS, params)]
    came, last = Counter(entry.stream for entry in entries), {entry.stream: entry.seq for entry in entries}
    return entries, {
        stream: last[stream] if came[stream] == share else spans[stream].until for stream, share in shares.items()
    }


def _shares(spans: Mapping[str, Span], limit: int) -> dict[str, int]:
    """How many events each stream may give; a span has no more than its numbers."""
    shares: dict[str, int] = {}
    for stream, span in spans.items():
        if limit <= 0:
            break
        if span.until > span.after:
            shares[stream] = min(limit, span.until - span.after)
            limit -= shares[stream]
    return shares


def heads(keys: Sequence[str]) -> dict[str, int]:
    """The number of the last event of each stream; streams that do not exist are left out."""
    return dict(statement.run("SELECT key, head FROM events_stream WHERE key = ANY(%s)", [list(keys)]))
