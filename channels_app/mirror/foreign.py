"""Listening to a mail server that is not ours: NOTIFY on one connection for all folders (RFC 5465), else IDLE on the
folders where most happens (RFC 2177) and STATUS of all of them every few seconds.

A second NOTIFY SET on one connection silently stops Dovecot's events, so each connection gets one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.db.models import Max

from channels_app.mirror import settling
from channels_app.mirror.imap import TROUBLE, Mailbox
from channels_app.mirror.models import Folder
from channels_app.mirror.pool import pool

log = logging.getLogger(__name__)

POLL_SECONDS = 3.0
IDLE_FOLDERS = 4
# RFC 2177: servers may end an IDLE after 30 minutes. A new one now and then also follows the busiest folders.
IDLE_SECONDS = 300.0
WAIT_SECONDS = 1.0


@dataclass(slots=True)
class _Listener:
    """A thread with a connection that waits for what the server says by itself."""

    hear: Callable[[], None]
    stop: threading.Event = field(default_factory=threading.Event)

    def notify(self) -> None:
        """Hear of every folder. Raises one of `TROUBLE`."""
        mailbox = Mailbox()
        try:
            mailbox.notify()
            self._wait(mailbox)
        finally:
            mailbox.close()

    def idle(self, name: str) -> None:
        """Hear of one folder. Raises one of `TROUBLE`."""
        mailbox = Mailbox()
        try:
            mailbox.select(name)
            self._wait(mailbox)
        finally:
            mailbox.close()

    def _wait(self, mailbox: Mailbox) -> None:
        end = time.monotonic() + IDLE_SECONDS
        mailbox.start_idle()
        while time.monotonic() < end and not self.stop.is_set():
            if mailbox.hear(WAIT_SECONDS):
                self.hear()
        mailbox.end_idle()


class Foreign:
    """Listens; `look` is told the streams whose folders changed."""

    def __init__(self, look: Callable[..., None]) -> None:
        self._look = look
        self._changed = asyncio.Event()
        self._stop = threading.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()

        def hear() -> None:
            loop.call_soon_threadsafe(self._changed.set)

        listener = _Listener(hear, self._stop)
        try:
            await asyncio.gather(self._listen(listener), self._poll())
        finally:
            self._stop.set()

    async def _listen(self, listener: _Listener) -> None:
        while True:
            try:
                can = await asyncio.to_thread(_abilities)
                if "NOTIFY" in can and "IDLE" in can:
                    await asyncio.to_thread(listener.notify)
                elif "IDLE" in can:
                    names = await sync_to_async(_busiest, thread_sensitive=False)()
                    await asyncio.gather(*(asyncio.to_thread(listener.idle, name) for name in names))
                    await asyncio.sleep(0 if names else POLL_SECONDS)
                else:
                    return
            except TROUBLE as error:
                log.info("the mail server says nothing: %s", error)
                await asyncio.sleep(POLL_SECONDS)

    async def _poll(self) -> None:
        """Ask where all folders stand: when the server said that something happened, else every few seconds."""
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            try:
                found = await sync_to_async(_differing, thread_sensitive=False)()
            except TROUBLE as error:
                log.info("the mail server does not answer: %s", error)
                continue
            self._look(found["take_in"])
            self._look(found["heal"], closely=True)


def _abilities() -> set[str]:
    with pool.mailbox() as mailbox:
        return {name for name in ("NOTIFY", "IDLE") if mailbox.can(name)}


def _busiest() -> list[str]:
    """The folders that got a mail last."""
    rows = Folder.objects.filter(kind=Folder.Kind.POSTS).exclude(uidvalidity=0)
    rows = rows.annotate(last=Max("copies__id")).order_by("-last")
    return list(rows.values_list("name", flat=True)[:IDLE_FOLDERS])


def _differing() -> dict[str, set[str]]:
    try:
        names: Iterable[str] = Folder.objects.exclude(uidvalidity=0).values_list("name", flat=True)
        with pool.mailbox() as mailbox:
            return settling.differing(mailbox.all_states(list(names)))
    finally:
        close_old_connections()
