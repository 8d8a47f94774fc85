"""The bell of our own Dovecot: an HTTP POST of one JSON array for each transaction of a mail program.

`[{"event", "user", "mailbox", "uid", "uid_validity"}]`. Who appended is written down before the bell is answered, and
Dovecot answers its client after that; what could not be delivered lies in the spool, a file an array, each complete as
soon as it bears its name. So nobody's acknowledged append is ever without a name.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections

from channels_app.mirror.models import Folder
from workspace.events import prepared, statement

log = logging.getLogger(__name__)

ARRIVED = {"MessageAppend", "MessageNew"}
REMOVED = {"MessageExpunge"}
SPOOL_SECONDS = 1.0
SPOOLED_AT_ONCE = 1000
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
                if found := await asyncio.to_thread(spooled):
                    await self._take(await asyncio.to_thread(read_spool, found))
                    await asyncio.to_thread(forget, found)
            except Exception as error:
                log.warning("could not read the spooled bells: %s", error)
            await asyncio.sleep(SPOOL_SECONDS)


def spool() -> Path:
    return Path(settings.DATA_DIR) / "mail" / "bells"


def spooled() -> list[Path]:
    """Files of what Dovecot could not tell us while we were away."""
    return list(islice(spool().glob("*.bell"), SPOOLED_AT_ONCE))


def read_spool(files: Iterable[Path]) -> Events:
    """The events of these files; what can't be read is left out."""
    found: Events = []
    for file in files:
        line = file.read_bytes()
        try:
            found += read_bell(line)
        except ValueError:
            log.warning("a spooled bell could not be read: %r", line[:200])
    return found


def forget(files: Iterable[Path]) -> None:
    """Remove what was read and written down."""
    for file in files:
        file.unlink(missing_ok=True)


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
    waiting = [e for e in arrived if not _is_settled(folders[e["mailbox"]], e)]
    rows = [(folders[e["mailbox"]].id, e["uid_validity"], e["uid"], e["user"][:254]) for e in waiting]
    if rows:
        statement.run(_WRITE, [list(column) for column in zip(*rows, strict=True)])
    removed = {e["mailbox"] for e in events if e["event"] in REMOVED and e["mailbox"] in folders}
    return {folders[e["mailbox"]].stream for e in arrived}, {folders[name].stream for name in removed}


def _is_settled(folder: Folder, event: dict[str, Any]) -> bool:
    """Whether the mail was taken in already: its bell was taken, but Dovecot did not wait for the answer."""
    return bool(event["uid_validity"] == folder.uidvalidity and event["uid"] < folder.uidnext)


def _in_thread(events: Events) -> tuple[set[str], set[str]]:
    try:
        return write_down(events)
    finally:
        close_old_connections()


_write_down = sync_to_async(_in_thread, thread_sensitive=False)
