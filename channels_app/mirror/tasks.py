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


@shared_task
def drain(streams: list[str]) -> None:
    """Carry the events of some streams into their folders, as long as there are any: a batch of each in turn."""
    _begin("drain", streams)
    for _ in range(MOST_ROUNDS):
        streams = [stream for stream in streams if outwards.drain(stream)]
        if not streams:
            return
    enqueue(streams)


@shared_task
def pull(stream: str) -> None:
    """Take in what is new in a stream's folders, and bring them into shape."""
    _begin("pull", [stream])
    _try(settling.settle, stream)


@shared_task
def heal(stream: str) -> None:
    """Mend a stream's folders, and let its lane go on."""
    _begin("heal", [stream])
    _try(healing.heal, stream)
    enqueue([stream])


@shared_task
def sweep() -> None:
    """Repair what bells missed."""
    found = sweeping.sweep()
    enqueue(found.drain)
    for stream in _fresh("pull", found.take_in):
        pull.delay(stream=stream)
    for stream in _fresh("heal", found.heal):
        heal.delay(stream=stream)


@shared_task
def doubt_access() -> None:
    """Compare the access lists with the server's, now and then."""
    sweeping.doubt_access()


def enqueue(streams: Iterable[str]) -> None:
    """Start draining these streams, unless a task for one is waiting already; a few streams a task."""
    fresh = _fresh("drain", streams)
    for at in range(0, len(fresh), STREAMS_A_TASK):
        drain.delay(streams=fresh[at : at + STREAMS_A_TASK])


def _fresh(verb: str, streams: Iterable[str]) -> list[str]:
    """The streams for which no task waits yet; one does from now on."""
    return [stream for stream in streams if cache.add(_waits(verb, stream), 1, QUEUED_SECONDS)]


def _begin(verb: str, streams: Iterable[str]) -> None:
    """What happens from now on is for the next task."""
    cache.delete_many([_waits(verb, stream) for stream in streams])


def _waits(verb: str, stream: str) -> str:
    return f"mirror:{verb}:{stream}"


def _try(verb: settling.Verb, stream: str) -> None:
    try:
        verb(stream)
    except (*TROUBLE, TryLater) as error:
        log.info("%s: later (%s)", stream, error)
