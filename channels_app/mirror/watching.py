"""The mirror's ears: Dovecot's bell for what mail programs did, the channel layer's bell for what was posted.

What is new in a folder is taken in right here, in a few threads, because people see it at once then; what was posted is
carried by the workers. Sweeps repair what is missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import close_old_connections

from channels_app.mirror import healing, settling, tasks
from channels_app.mirror.ear import Ear
from channels_app.mirror.foreign import Foreign
from channels_app.mirror.imap import TROUBLE
from workspace.events import bells
from workspace.events.lanes import TryLater

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
# Bells of posts are gathered for a moment: one task then carries several, and nobody reads mail that fast.
GATHER_SECONDS = 0.1


class Watcher:
    """Runs until it is cancelled."""

    def __init__(self) -> None:
        self._busy: dict[str, bool] = {}  # stream: whether to look once more
        self._tasks: set[asyncio.Task[None]] = set()
        self._moved: set[str] = set()  # since the last round of carrying
        self._rung = asyncio.Event()
        self._threads = ThreadPoolExecutor(max(2, settings.IMAP_CONNECTIONS), thread_name_prefix="pull")

    async def run(self) -> None:
        if not settings.IMAP_URL:
            await asyncio.Event().wait()
        inward = Ear(self.look).run() if settings.IMAP_BELL else Foreign(self.look).run()
        try:
            await asyncio.gather(bells.hear(self._note), self._carry_posts(), inward)
        finally:
            self._threads.shutdown(cancel_futures=True)

    def look(self, streams: Iterable[str], *, closely: bool = False) -> None:
        """Look into folders: one look at a stream at a time; what rings meanwhile is one more look."""
        for stream in streams:
            if stream in self._busy:
                self._busy[stream] = True
                continue
            self._busy[stream] = False
            task = asyncio.create_task(self._look_until_quiet(stream, closely))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look_until_quiet(self, stream: str, closely: bool) -> None:
        try:
            while True:
                self._busy[stream] = False
                await asyncio.get_running_loop().run_in_executor(self._threads, _look, stream, closely)
                if not self._busy[stream]:
                    return
        finally:
            del self._busy[stream]

    def _note(self, message: dict[str, Any]) -> None:
        """Streams that moved: their lanes are drained by the workers."""
        self._moved.update(stream for stream in message.get("heads", ()) if stream.startswith(settling.PREFIXES))
        self._rung.set()

    async def _carry_posts(self) -> None:
        while True:
            await self._rung.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._rung.clear()
            moved, self._moved = self._moved, set()
            try:
                await asyncio.to_thread(tasks.enqueue, sorted(moved))
            except Exception as error:
                log.warning("the broker is away: %s", error)
                await asyncio.sleep(RETRY_SECONDS)


def _look(stream: str, closely: bool) -> None:
    """One look, in a thread."""
    try:
        healing.heal(stream) if closely else settling.take_in(stream)
    except (*TROUBLE, TryLater) as error:
        log.info("%s: later (%s)", stream, error)
    except Exception:
        log.exception("could not look into %s", stream)
    finally:
        close_old_connections()
