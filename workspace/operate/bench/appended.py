"""Mails that somebody appends with a mail program, and how soon each is in the sockets of the channel's people."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Sequence

from django.conf import settings

from channels_app.chat.models import Channel
from channels_app.mirror.models import Folder
from workspace.operate.bench import crowd, load
from workspace.operate.bench.bare import mails

PATIENCE = 60.0
LOOK_SECONDS = 0.02
# People's mails come one by one: what becomes of each in the Log is done with before the next.
PAUSE_SECONDS = (0.1, 0.3)


def folder_of(channel: Channel) -> str:
    """The channel's folder, once it is made and its people may append."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        row = Folder.objects.filter(stream=channel.stream, kind="posts", untidy=False).first()
        if row is not None:
            return row.name
        time.sleep(LOOK_SECONDS)
    raise TimeoutError(f"{channel} has no folder")


def mail(writer: crowd.Member, number: int) -> bytes:
    return mails.write(writer.person.name, writer.person.email, "hello", load.text(number))


async def delays(
    people: crowd.Crowd, program: mails.Program, folder: str, count: int, numbers: itertools.count[int]
) -> Sequence[float]:
    """Seconds from just before each APPEND until the last of the people has its frame; one mail at a time."""
    swarm = load.Swarm()
    await swarm.open(f"{settings.ROOST_URL.replace('http', 'ws', 1)}/ws", [member.token for member in people.members])
    await swarm.settle()

    async def append() -> None:
        number = next(numbers)
        raw = mail(people.members[0], number)
        all_have_it = swarm.expect(number)
        await asyncio.to_thread(program.append, folder, raw)
        await asyncio.wait_for(all_have_it, PATIENCE)
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))

    await append()  # everybody is connected to everybody by now
    swarm.forget()
    for _ in range(count):
        await append()
    swarm.close()
    return list(swarm.last)
