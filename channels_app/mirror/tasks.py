"""The mirror's tasks: streams in, one verb, safe to run twice. A key in the cache keeps one task waiting a stream."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from celery import shared_task
from django.core.cache import cache

from channels_app.mirror import healing, outwards, settling, sweeping
from channels_app.mirror.imap import TROUBLE
from workspace.events.lanes import TryLater

log = logging.getLogger(__name__)

MOST_ROUNDS = 50
STREAMS_A_TASK = 4  # a task costs as much as carrying a post
QUEUED_SECONDS = 10  # of a task whose worker died before it began; a second one does no harm


@shared_task(queue="mirror")
def drain(streams: list[str]) -> None:
    """Carry the events of some streams into their folders, as long as there are any: a batch of each in turn."""
    cache.delete_many([_queued(stream) for stream in streams])
    for _ in range(MOST_ROUNDS):
        streams = [stream for stream in streams if outwards.drain(stream)]
        if not streams:
            return
    enqueue(streams)


@shared_task(queue="mirror")
def pull(stream: str) -> None:
    """Take in what is new in a stream's folders, and bring them into shape."""
    _try(settling.settle, stream)


@shared_task(queue="mirror")
def heal(stream: str) -> None:
    """Mend a stream's folders, and let its lane go on."""
    _try(healing.heal, stream)
    enqueue([stream])


@shared_task(queue="mirror")
def sweep() -> None:
    """Repair what bells missed."""
    found = sweeping.sweep()
    for stream in found.take_in:
        pull.delay(stream=stream)
    for stream in found.heal:
        heal.delay(stream=stream)
    enqueue(found.drain)


@shared_task(queue="mirror")
def doubt_access() -> None:
    """Compare the access lists with the server's, now and then."""
    sweeping.doubt_access()


def enqueue(streams: Iterable[str]) -> None:
    """Start draining these streams, unless a task for one is waiting already; a few streams a task."""
    fresh = [stream for stream in streams if cache.add(_queued(stream), 1, QUEUED_SECONDS)]
    for at in range(0, len(fresh), STREAMS_A_TASK):
        drain.delay(streams=fresh[at : at + STREAMS_A_TASK])


def _queued(stream: str) -> str:
    return f"mirror:drain:{stream}"


def _try(verb: settling.Verb, stream: str) -> None:
    try:
        verb(stream)
    except (*TROUBLE, TryLater) as error:
        log.info("%s: later (%s)", stream, error)
