"""Doorbells: after commit, whoever waits for a stream is woken. A lost bell costs seconds, never an event.

Two kinds of listener: this process (`listen`, given the events themselves), and other processes (the channel layer
group `bells`, given stream keys and heads; the watcher that starts the lanes' tasks is one of them). These are rung by
one thread that gathers what came in meanwhile, so a burst costs one message, and a broker that is down never delays a
verb: sweeps repair what it missed.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from channels.layers import get_channel_layer

if TYPE_CHECKING:
    from workspace.events.log import Entry

log = logging.getLogger(__name__)

GROUP = "bells"
GATHER_SECONDS = 0.02
WAITING_LIMIT = 50_000
RETRY_SECONDS = 0.5

LocalListener = Callable[[Sequence["Entry"]], None]

_local: list[LocalListener] = []


def listen(listener: LocalListener) -> None:
    """Call `listener` with the events of each commit in this process, in the committing thread."""
    _local.append(listener)


def ring(entries: Sequence[Entry]) -> None:
    """Wake everybody who waits for the streams of these committed events. Never raises."""
    for listener in _local:
        listener(entries)
    _ringer.add({entry.stream: entry.seq for entry in entries})


def wake(name: str) -> None:
    """Wake other processes that wait for something beside the log, by a name that is no stream. Never raises."""
    _ringer.add({name: 0})


async def hear(note: Callable[[dict[str, Any]], None]) -> None:
    """Call `note` with every message of the group, until cancelled; a bell has {stream: head} as its `heads`.

    It receives without a pause, and nobody may cut a `receive` short: the layer takes that for the listener's end and
    gives its subscription up. What rings while the broker is away is not heard.
    """
    layer: Any = get_channel_layer()
    while layer is not None:
        try:
            channel = await layer.new_channel()
            await layer.group_add(GROUP, channel)
            while True:
                note(await layer.receive(channel))
        except Exception as error:
            log.warning("the channel layer is away: %s", error)
            await asyncio.sleep(RETRY_SECONDS)


class Ringer:
    """The thread that rings other processes and lanes: at once when it was quiet, else at most every few ms.

    It has one event loop for its life, because the layer keeps its connections by loop.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, int] = {}
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None

    def add(self, heads: dict[str, int]) -> None:
        with self._lock:
            for stream, head in heads.items():
                self._waiting[stream] = max(head, self._waiting.get(stream, 0))
            if len(self._waiting) > WAITING_LIMIT:  # the broker hangs; sweeps will find these
                self._waiting.clear()
            was_idle = self._idle.is_set()
            self._idle.clear()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="bells", daemon=True)
                self._thread.start()
            elif was_idle and self._loop is not None and self._wake is not None:
                self._loop.call_soon_threadsafe(self._wake.set)

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all bells so far were rung; False when that took longer than `timeout` seconds."""
        return self._idle.wait(timeout)

    def _run(self) -> None:
        asyncio.run(self._ring_for_ever())

    async def _ring_for_ever(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        while True:
            with self._lock:
                heads, self._waiting = self._waiting, {}
                if not heads:
                    self._idle.set()
                    self._wake.clear()
            if not heads:
                await self._wake.wait()
                continue
            await _ring_outside(heads)
            await asyncio.sleep(GATHER_SECONDS)


async def _ring_outside(heads: dict[str, int]) -> None:
    try:
        layer = get_channel_layer()
        if layer is not None:
            await layer.group_send(GROUP, {"type": "bell", "heads": heads})
    except Exception as error:
        log.warning("a bell for other processes was lost: %s", error)


_ringer = Ringer()
flush = _ringer.flush
