"""The sweep: everything once every few seconds, for what bells missed. It also finds out that the server is back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from channels_app.mirror import settling
from channels_app.mirror.folders import UNKNOWN
from channels_app.mirror.imap import TROUBLE
from channels_app.mirror.models import Folder
from channels_app.mirror.pool import pool
from workspace.events import lanes

_AWAY = "mirror:away"
_BUSY = "mirror:sweeping"
BUSY_SECONDS = 10  # of a sweep whose worker died; two sweeps at once do no harm

_OPEN_LANES = """
INSERT INTO events_lane (subscriber, stream_id, cursor, due, attempts, why, refused)
SELECT %s, key, 0, now(), 0, '', 0 FROM events_stream s
WHERE (key LIKE 'channel:%%' OR key LIKE 'org:%%' OR key LIKE 'person:%%') AND head > 0
  AND NOT EXISTS (SELECT 1 FROM events_lane l WHERE l.subscriber = %s AND l.stream_id = s.key)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Found:
    """Streams with something to do."""

    drain: list[str] = field(default_factory=list)
    take_in: set[str] = field(default_factory=set)
    heal: set[str] = field(default_factory=set)


def sweep() -> Found:
    """Look at every lane and every folder; one sweep at a time."""
    if not settings.IMAP_URL or not cache.add(_BUSY, 1, BUSY_SECONDS):
        return Found()
    try:
        return _sweep()
    finally:
        cache.delete(_BUSY)


def doubt_access() -> None:
    """Let the next sweep read every access list anew: somebody may have changed one by hand."""
    Folder.objects.exclude(uidvalidity=0).update(acl=UNKNOWN, untidy=True)


def _sweep() -> Found:
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_LANES, [settling.SUBSCRIBER, settling.SUBSCRIBER])
    names = list(Folder.objects.exclude(uidvalidity=0).values_list("name", flat=True))
    try:
        pool.empty() if cache.get(_AWAY) else None
        with pool.mailbox() as mailbox:
            states = mailbox.all_states(names)
    except TROUBLE:
        cache.set(_AWAY, 1, 24 * 3600)
        return Found()
    if cache.delete(_AWAY):
        lanes.wake(settling.SUBSCRIBER)
    found = _looked_at_twice(settling.differing(states))
    return Found(settling.behind(), found["take_in"], found["heal"])


def _looked_at_twice(found: Mapping[str, set[str]]) -> Mapping[str, set[str]]:
    """What still differs: a folder that is written to just now looks different from its row for a moment."""
    streams = set().union(*found.values())
    if not streams:
        return found
    names = list(Folder.objects.filter(stream__in=streams).exclude(uidvalidity=0).values_list("name", flat=True))
    try:
        with pool.mailbox() as mailbox:
            again = settling.differing(mailbox.states(names), streams)
    except TROUBLE:
        return found
    return {kind: found[kind] & again[kind] for kind in found}
