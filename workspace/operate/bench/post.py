"""Posts a second that are acknowledged, durable and fanned out to ten live members, with 1, 8 and 32 under way at once.

By `call` the reference is a bare consumer that does one durable INSERT and the same fan-out; by HTTP it is a bare
django-ninja view with a pool that runs the same SQL. Carriers pause meanwhile, as there are none beside the reference;
one more figure shows the posts with all of them at work.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence

import aiohttp
from django.conf import settings

from workspace.operate.bench import bare, crowd, load, mirror, parts
from workspace.operate.bench.report import Figure, at_least
from workspace.operate.bench.run import Measure

MEMBERS = 10
CHANNELS = 50
IN_FLIGHT = (1, 8, 32)
SECONDS = 4.0
BY_CALL, BY_HTTP = 0.5, 0.6

Rates = dict[str, float]


def prepare() -> Measure:
    people = crowd.gather("post", MEMBERS, CHANNELS)
    numbers = itertools.count(1)

    def measure() -> list[Figure]:
        mirror.wait_until_mirrored(people.channels)
        with parts.stopped():
            figures = load.run(_measure(people, numbers))
        return [*figures, load.run(_measure_at_work(people, numbers))]

    return measure


async def _measure(people: crowd.Crowd, numbers: itertools.count[int]) -> list[Figure]:
    ours, reference = {}, {}
    one, many = [people.channels[0].id], [channel.id for channel in people.channels]
    async with _live(f"{settings.ROOST_URL.replace('http', 'ws', 1)}/ws", people) as swarm:
        for name, channels in (("one channel", one), (f"{CHANNELS} channels", many)):
            ours.update(await _by_call(swarm, name, channels, numbers))
            ours.update(await _by_http(settings.ROOST_URL, people, name, channels, numbers))
    with bare.serve("workspace.operate.bench.bare.consumer:application") as server:
        async with _live(f"ws://127.0.0.1:{server.port}/", people) as swarm:
            for name, channels in (("one channel", one), (f"{CHANNELS} channels", many)):
                reference.update(await _by_call(swarm, name, channels, numbers))
    with bare.serve("workspace.operate.bench.bare.api:application") as server:
        url = f"http://127.0.0.1:{server.port}"
        for name, channels in (("one channel", one), (f"{CHANNELS} channels", many)):
            reference.update(await _by_http(url, people, name, channels, numbers))
    return [_figure(name, rate, reference[name]) for name, rate in ours.items()]


async def _measure_at_work(people: crowd.Crowd, numbers: itertools.count[int]) -> Figure:
    many = [channel.id for channel in people.channels]
    async with _live(f"{settings.ROOST_URL.replace('http', 'ws', 1)}/ws", people) as swarm:
        name = f"{CHANNELS} channels, mirror at work"
        ((name, rate),) = (await _by_call(swarm, name, many, numbers, counts=IN_FLIGHT[-1:])).items()
    return Figure(name, "/s", rate)


def _figure(name: str, ours: float, reference: float) -> Figure:
    return Figure(name, "/s", ours, reference, at_least(BY_CALL if "call" in name else BY_HTTP, ratio=True))


@contextlib.asynccontextmanager
async def _live(url: str, people: crowd.Crowd) -> AsyncIterator[load.Swarm]:
    swarm = load.Swarm()
    await swarm.open(url, [member.token for member in people.members])
    await swarm.settle()
    try:
        yield swarm
    finally:
        swarm.close()


async def _by_call(
    swarm: load.Swarm,
    name: str,
    channels: Sequence[str],
    numbers: itertools.count[int],
    counts: Sequence[int] = IN_FLIGHT,
) -> Rates:
    async def send(number: int) -> None:
        ear, channel = swarm.ears[number % len(swarm.ears)], channels[number % len(channels)]
        await ear.call("messages.post", {"channel": channel, "text": load.text(number), "client_id": f"p{number}"})

    return {
        f"by call, {name}, {count} in flight": await load.in_flight(send, count, seconds=SECONDS, numbers=numbers)
        for count in counts
    }


async def _by_http(
    server: str, people: crowd.Crowd, name: str, channels: Sequence[str], numbers: itertools.count[int]
) -> Rates:
    tokens = [{"Authorization": f"Bearer {member.token}"} for member in people.members]
    async with aiohttp.ClientSession() as client:

        async def send(number: int) -> None:
            url = f"{server}/api/v1/channels/{channels[number % len(channels)]}/messages"
            body = {"text": load.text(number), "client_id": f"p{number}"}
            async with client.post(url, json=body, headers=tokens[number % len(tokens)]) as answer:
                await answer.read()
                answer.raise_for_status()

        return {
            f"by HTTP, {name}, {count} in flight": await load.in_flight(send, count, seconds=SECONDS, numbers=numbers)
            for count in IN_FLIGHT
        }
