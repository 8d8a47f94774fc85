"""How soon what comes in by mail is in the sockets of a channel's people."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Sequence

from django.conf import settings

from workspace.operate.bench import crowd, load

PATIENCE = 60.0
# People's mails come one by one: what becomes of each in the Log is done with before the next.
PAUSE_SECONDS = (0.1, 0.3)


async def delays(
    listeners: Sequence[crowd.Member],
    give: Callable[[int], Awaitable[None]],
    count: int,
    numbers: itertools.count[int],
) -> Sequence[float]:
    """Seconds from just before each mail is given (with its number) until the last of the listeners has its frame."""
    swarm = load.Swarm()
    await swarm.open(f"{settings.ROOST_URL.replace('http', 'ws', 1)}/ws", [member.token for member in listeners])
    await swarm.settle()

    async def one() -> None:
        number = next(numbers)
        all_have_it = swarm.expect(number)
        await give(number)
        await asyncio.wait_for(all_have_it, PATIENCE)
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))

    await one()  # everybody is connected to everybody by now
    swarm.forget()
    for _ in range(count):
        await one()
    swarm.close()
    return list(swarm.last)
