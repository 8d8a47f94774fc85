"""The mirror's ears: Dovecot's bell for what mail programs did, the channel layer's bell for what was posted.

The bell of our own Dovecot is an HTTP POST of one JSON array for each transaction, `[{"event", "user", "mailbox",
"uid", "uid_validity"}]`; what could not be delivered lies in a spool file, a line an array. With a foreign server the
folders are asked for their UIDNEXT every few seconds. Sweeps repair what is missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings

from channels_app.mirror import inwards, tasks
from channels_app.mirror.imap import pool
from channels_app.mirror.models import Arrival, Folder
from workspace.events import bells

log = logging.getLogger(__name__)

ARRIVED = {"MessageAppend", "MessageNew"}
POLL_SECONDS = 3.0
SPOOL_SECONDS = 2.0
RETRY_SECONDS = 0.5


class Watcher:
    """Runs until it is cancelled."""

    def __init__(self) -> None:
        self._busy: dict[str, bool] = {}  # folder: whether to look once more
        self._tasks: set[asyncio.Task[None]] = set()
        self._spool = Path(settings.DATA_DIR) / "mail" / "bells.spool"

    async def run(self) -> None:
        inward = [self._listen(), self._read_spool()] if settings.IMAP_BELL else [self._poll()]
        await asyncio.gather(self._follow_posts(), *inward)

    async def _listen(self) -> None:
        url = urlsplit(settings.IMAP_BELL_URL)
        application = web.Application(client_max_size=4 * 1024 * 1024)
        application.router.add_post(url.path or "/", self._on_bell)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, url.hostname or "127.0.0.1", url.port).start()
        await asyncio.Event().wait()

    async def _on_bell(self, request: web.Request) -> web.Response:
        await self._take(orjson.loads(await request.read()))
        return web.Response(text="")

    async def _take(self, events: list[dict[str, Any]]) -> None:
        """Note who appended before anybody looks, then look."""
        arrived = [event for event in events if event["event"] in ARRIVED]
        if arrived:
            await _note(arrived)
        for name in {event["mailbox"] for event in arrived}:
            self._look(name, inwards.pull)
        for name in {event["mailbox"] for event in events if event["event"] == "MessageExpunge"}:
            self._look(name, inwards.heal)

    def _look(self, name: str, verb: Callable[[str], None]) -> None:
        """One look at a folder at a time; what rings meanwhile is one more look."""
        if name in self._busy:
            self._busy[name] = True
            return
        self._busy[name] = False
        task = asyncio.create_task(self._look_until_quiet(name, verb))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_until_quiet(self, name: str, verb: Callable[[str], None]) -> None:
        try:
            while True:
                self._busy[name] = False
                await _look_at(name, verb)
                if not self._busy[name]:
                    return
        except Exception as error:
            log.warning("could not look into %s: %s", name, error)
        finally:
            del self._busy[name]

    async def _read_spool(self) -> None:
        """What Dovecot could not tell us while we were away."""
        taken = self._spool.with_suffix(".taken")
        while True:
            try:
                if not taken.exists() and self._spool.exists():
                    self._spool.rename(taken)
                if taken.exists():
                    for line in taken.read_bytes().splitlines():
                        await self._take(orjson.loads(line))
                    taken.unlink()
            except (OSError, orjson.JSONDecodeError) as error:
                log.warning("could not read the spooled bells: %s", error)
                taken.unlink(missing_ok=True)
            await asyncio.sleep(SPOOL_SECONDS)

    async def _poll(self) -> None:
        while True:
            try:
                for name in await _changed():
                    self._look(name, inwards.pull)
            except Exception as error:
                log.warning("could not ask the mail server: %s", error)
            await asyncio.sleep(POLL_SECONDS)

    async def _follow_posts(self) -> None:
        """Streams that moved: their lanes are drained by the workers."""
        layer: Any = get_channel_layer()
        while layer is not None:
            try:
                channel = await layer.new_channel()
                await layer.group_add(bells.GROUP, channel)
                while True:
                    message = await layer.receive(channel)
                    for stream in message.get("heads", {}):
                        if stream.startswith(("channel:", "org:")):
                            await asyncio.to_thread(tasks.drain.delay, stream=stream)
            except Exception as error:
                log.warning("the channel layer is away: %s", error)
                await asyncio.sleep(RETRY_SECONDS)


def _write_arrivals(events: list[dict[str, Any]]) -> None:
    rows = [
        Arrival(folder_name=e["mailbox"], uidvalidity=e["uid_validity"], uid=e["uid"], user=e["user"]) for e in events
    ]
    Arrival.objects.bulk_create(rows, ignore_conflicts=True)


def _look_now(name: str, verb: Callable[[str], None]) -> None:
    channel = Folder.objects.filter(name=name, kind=Folder.Kind.POSTS).values_list("channel_id", flat=True).first()
    if channel is not None:
        verb(channel)


def _changed_folders() -> list[str]:
    """Folders whose UIDNEXT is beyond what was looked at (for servers that ring no bell)."""
    rows = list(Folder.objects.filter(kind=Folder.Kind.POSTS, channel__deleted_at=None))
    with pool.mailbox() as mailbox:
        return [row.name for row in rows if mailbox.uidnext(row.name) > row.uidnext]


_note = database_sync_to_async(_write_arrivals, thread_sensitive=False)
_look_at = database_sync_to_async(_look_now, thread_sensitive=False)
_changed = database_sync_to_async(_changed_folders, thread_sensitive=False)
