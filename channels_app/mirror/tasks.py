"""The mirror's tasks: ids in, one verb, safe to run twice."""

from __future__ import annotations

from celery import shared_task

from channels_app.chat.models import Channel
from channels_app.mirror import inwards, outwards
from workspace.events import lanes
from workspace.events.models import Stream

MOST_ROUNDS = 50


@shared_task(queue="mirror")
def drain(stream: str) -> None:
    """Carry a stream's events into its folders."""
    for _ in range(MOST_ROUNDS):
        if not outwards.drain(stream):
            return
    drain.delay(stream=stream)


@shared_task(queue="mirror")
def pull(channel: str) -> None:
    """Take in what is new in a channel's folder."""
    inwards.pull(channel)


@shared_task(queue="mirror")
def sweep() -> None:
    """Find lanes that are behind and streams that have none: bells may be lost."""
    mirrored = Stream.objects.filter(key__regex="^(channel|org):", head__gt=0)
    for key in mirrored.exclude(lanes__subscriber=outwards.SUBSCRIBER).values_list("key", flat=True)[:1000]:
        drain.delay(stream=key)
    for lane in lanes.behind(outwards.SUBSCRIBER):
        drain.delay(stream=lane.stream_id)


@shared_task(queue="mirror")
def look() -> None:
    """Look into every folder now and then: for appends whose bell was lost, and for what was removed by hand."""
    for id in Channel.objects.filter(deleted_at=None).values_list("id", flat=True).iterator():
        inwards.heal(id)
