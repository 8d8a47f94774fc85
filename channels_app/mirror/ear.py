"""The bell of our own Dovecot: an HTTP POST of one JSON array for each transaction of a mail program.

`[{"event", "user", "mailbox", "uid", "uid_validity"}]`. Who appended is written down before the bell is answered, and
Dovecot answers its client after that; what could not be delivered lies in a spool file, a line an array. So nobody's
acknowledged append is ever without a name.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections

from channels_app.mirror import prepared
from channels_app.mirror.models import Folder
from workspace.events import statement

log = logging.getLogger(__name__)

ARRIVED = {"MessageAppend", "MessageNew"}
REMOVED = {"MessageExpunge"}
SPOOL_SECONDS = 1.0
SETTLE_SECONDS = 0.5
BELL_BYTES = 32 * 1024 * 1024

Events = list[dict[str, Any]]


class Ear:
    """Listens; `look` is told the streams whose folders changed."""

    def __init__(self, look: Callable[..., None]) -> None:
        self._look = look

    async def run(self) -> None:
        await asyncio.gather(self._listen(), self._read_spool())

    async def _listen(self) -> None:
        url = urlsplit(settings.IMAP_BELL_URL)
        application = web.Application(client_max_size=BELL_BYTES)
        application.router.add_post(url.path or "/", self._on_bell)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, url.hostname or "127.0.0.1", url.port, reuse_address=True).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _on_bell(self, request: web.Request) -> web.Response:
        try:
            events = read_bell(await request.read())
        except ValueError:
            return web.Response(status=400)
        except ConnectionResetError:  # it waits no longer, and has spooled it
            return web.Response(status=503)
        try:
            await self._take(events)
        except Exception as error:  # Dovecot spools what we did not take
            log.warning("could not write down who appended: %s", error)
            return web.Response(status=503)
        return web.Response(status=204)

    async def _take(self, events: Events) -> None:
        appended, touched = await _write_down(events)
        self._look(appended)
        self._look(touched - appended, closely=True)

    async def _read_spool(self) -> None:
        while True:
            try:
                await asyncio.to_thread(take_spool)
                found = await asyncio.to_thread(spooled)
                for events in found:
                    await self._take(events)
                if found:
                    await asyncio.to_thread(end_spool)
            except Exception as error:
                log.warning("could not read the spooled bells: %s", error)
            await asyncio.sleep(SPOOL_SECONDS)


def _spool() -> Path:
    return Path(settings.DATA_DIR) / "mail" / "bells.spool"


def _taken() -> Path:
    return _spool().with_suffix(".taken")


def take_spool() -> None:
    """Put the spool aside, if the one before is done with. A writer may still have it open for a moment."""
    if not _taken().exists() and _spool().exists():
        _spool().rename(_taken())


def spooled() -> list[Events]:
    """What Dovecot could not tell us while we were away; broken lines are left out."""
    if not _taken().exists() or time.time() - _taken().stat().st_mtime < SETTLE_SECONDS:
        return []
    found: list[Events] = [[]]
    for line in _taken().read_bytes().splitlines():
        try:
            found.append(read_bell(line))
        except ValueError:
            log.warning("a spooled bell could not be read: %r", line[:200])
    return found


def end_spool() -> None:
    """Forget what `spooled` returned."""
    _taken().unlink(missing_ok=True)


def read_bell(line: bytes) -> Events:
    """The events of a bell. Raises `ValueError`."""
    events: Any = orjson.loads(line)
    if not isinstance(events, list):
        raise ValueError("not a list")
    for event in events:
        texts = [event.get(key) for key in ("event", "user", "mailbox")] if isinstance(event, dict) else [None]
        numbers = [event.get(key) for key in ("uid", "uid_validity")] if isinstance(event, dict) else [None]
        if not all(isinstance(t, str) for t in texts) or not all(type(n) is int and n >= 0 for n in numbers):
            raise ValueError("not an event")
    return events


_WRITE = """
INSERT INTO mirror_arrival (folder_id, uidvalidity, uid, "user", at)
SELECT DISTINCT ON (folder, uidvalidity, uid) folder, uidvalidity, uid, who, now()
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[]) AS given(folder, uidvalidity, uid, who)
ON CONFLICT (folder_id, uidvalidity, uid) DO UPDATE SET "user" = excluded."user" RETURNING id
"""


def write_down(events: Events) -> tuple[set[str], set[str]]:
    """Note who appended what; (streams with new mails, streams from whose folders mails were removed)."""
    named = list({event["mailbox"] for event in events})
    folders = {row.name: row for row in prepared.rows(Folder, "name = ANY(%s)", [named])}
    arrived = [e for e in events if e["event"] in ARRIVED and e["mailbox"] in folders and e["uid"]]
    rows = [(folders[e["mailbox"]].id, e["uid_validity"], e["uid"], e["user"][:254]) for e in arrived]
    if rows:
        statement.run(_WRITE, [list(column) for column in zip(*rows, strict=True)])
    removed = {e["mailbox"] for e in events if e["event"] in REMOVED and e["mailbox"] in folders}
    return {folders[e["mailbox"]].stream for e in arrived}, {folders[name].stream for name in removed}


def _in_thread(events: Events) -> tuple[set[str], set[str]]:
    try:
        return write_down(events)
    finally:
        close_old_connections()


_write_down = sync_to_async(_in_thread, thread_sensitive=False)
