"""Mails that somebody appends with a mail program."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from channels_app.chat.models import Channel
from channels_app.mirror.models import Folder
from workspace.operate.bench import crowd, load
from workspace.operate.bench.bare import mails

PATIENCE = 60.0
LOOK_SECONDS = 0.02


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


def by(writer: crowd.Member, program: mails.Program, folder: str) -> Callable[[int], Awaitable[None]]:
    """What appends a mail with a number."""

    async def append(number: int) -> None:
        await asyncio.to_thread(program.append, folder, mail(writer, number))

    return append
