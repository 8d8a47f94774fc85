"""A thousand people in one channel: how soon each has a post on the socket, and how many deliveries a second go out.

`call` and `HTTP` name the door the post came in by. "All have it" is the time until the last of the thousand has it.
The reference is a bare ASGI broadcast of the same bytes by the same server.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence

import aiohttp
from django.conf import settings

from workspace.operate.bench import bare, crowd, load
from workspace.operate.bench.report import Figure, Goal, at_least, at_most
from workspace.operate.bench.run import Measure

MEMBERS = 1_000
POSTS_A_SECOND = 20
SECONDS = 8.0
SATURATED_SECONDS = 5.0
SATURATED_IN_FLIGHT = 4
PERCENTILES = (0.5, 0.95, 0.99)

Send = Callable[[int], Awaitable[None]]


def prepare() -> Measure:
    people = crowd.gather("fanout", MEMBERS, 1)
    numbers = itertools.count(1)

    def measure() -> list[Figure]:
        return load.run(_measure(people, numbers))

    return measure


class Door:
    """A way in, and what was measured of it."""

    def __init__(self) -> None:
        self.delays: Sequence[float] = ()
        self.last: Sequence[float] = ()

    async def measure(self, swarm: load.Swarm, send: Send, numbers: itertools.count[int]) -> None:
        await send(next(numbers))  # everybody listens by now
        swarm.forget()
        start = next(numbers)
        for _ in range(int(POSTS_A_SECOND * SECONDS)):
            next(numbers)
        await load.steadily(send, a_second=POSTS_A_SECOND, seconds=SECONDS, start=start)
        self.delays, self.last = list(swarm.delays), list(swarm.last)


async def _measure(people: crowd.Crowd, numbers: itertools.count[int]) -> list[Figure]:
    channel, tokens = people.channels[0].id, [member.token for member in people.members]
    call, http, reference = Door(), Door(), Door()
    swarm = load.Swarm()
    await swarm.open(f"{settings.ROOST_URL.replace('http', 'ws', 1)}/ws", tokens)
    await swarm.settle()

    async def by_call(number: int) -> None:
        all_have_it = swarm.expect(number)
        poster = swarm.ears[number % len(swarm.ears)]
        await poster.call("messages.post", {"channel": channel, "text": load.text(number), "client_id": f"f{number}"})
        await all_have_it

    await call.measure(swarm, by_call, numbers)
    saturated = await _saturate(swarm, by_call, numbers)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {tokens[0]}"}) as client:
        url = f"{settings.ROOST_URL}/api/v1/channels/{channel}/messages"

        async def by_http(number: int) -> None:
            all_have_it = swarm.expect(number)
            async with client.post(url, json={"text": load.text(number), "client_id": f"h{number}"}) as answer:
                answer.raise_for_status()
            await all_have_it

        await http.measure(swarm, by_http, numbers)
    swarm.close()
    bare_saturated = await _measure_bare(swarm.sample, reference, numbers)
    return _figures(call, http, reference, saturated, bare_saturated)


async def _saturate(swarm: load.Swarm, send: Send, numbers: itertools.count[int]) -> float:
    """Deliveries a second."""
    posts = await load.in_flight(send, SATURATED_IN_FLIGHT, seconds=SATURATED_SECONDS, numbers=numbers)
    return posts * len(swarm.ears)


async def _measure_bare(sample: bytes, door: Door, numbers: itertools.count[int]) -> float:
    at = sample.index(load.MARK) + len(load.MARK)
    with bare.serve("workspace.operate.bench.bare.broadcast:application") as server:
        swarm = load.Swarm()
        await swarm.open(f"ws://127.0.0.1:{server.port}/", [None] * MEMBERS)

        async def broadcast(number: int) -> None:
            all_have_it = swarm.expect(number)
            swarm.ears[number % MEMBERS].send(sample[:at] + b"%08d" % number + sample[at + 8 :])
            await all_have_it

        await door.measure(swarm, broadcast, numbers)
        saturated = await _saturate(swarm, broadcast, numbers)
        swarm.close()
        return saturated


def _figures(call: Door, http: Door, reference: Door, saturated: float, bare_saturated: float) -> list[Figure]:
    figures = []
    for name, door in (("call", call), ("HTTP", http)):
        for share in PERCENTILES:
            goal: Goal | None = at_most(1.5, ratio=True) if name == "call" and share == 0.99 else None
            for what, ours, theirs in (
                ("each has it", door.delays, reference.delays),
                ("all have it", door.last, reference.last),
            ):
                figures.append(
                    Figure(
                        f"by {name}, {what}, p{share * 100:.0f}",
                        "ms",
                        load.percentile(ours, share) * 1000,
                        load.percentile(theirs, share) * 1000,
                        goal,
                    )
                )
    return [
        *figures,
        Figure("deliveries at saturation", "/s", saturated, bare_saturated, at_least(0.6, ratio=True)),
    ]
