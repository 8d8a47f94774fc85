"""One socket's way out: the same encoded frame for all, a bounded queue for the slow.

A send to a socket whose buffer has room finishes without waiting, so it is stepped by hand, without a task: that is
what makes fan-out cheap. A send that does wait is finished in a task, and what comes meanwhile is queued up to a
bound; past it the socket is closed with 4408 and its client comes back with its cursors. So there is never an
unbounded buffer and never a silent gap.
"""

from __future__ import annotations

import asyncio
import logging
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

log = logging.getLogger(__name__)

QUEUE_FRAMES = 512
QUEUE_CHARS = 1_000_000
TOO_SLOW = 4408

Frame = dict[str, Any]  # an ASGI message, `{"type": "websocket.send", "text": …}`, shared by all who get it
Send = Callable[[Frame], Coroutine[Any, Any, None]]


def frame(text: str) -> Frame:
    return {"type": "websocket.send", "text": text}


class Socket:
    """A connected client."""

    __slots__ = (
        "_busy",
        "_chars",
        "_queue",
        "_send",
        "closed",
        "on_close",
        "org",
        "person",
        "role",
        "since",
        "streams",
    )

    def __init__(self, send: Send, on_close: Callable[[Socket], None]) -> None:
        self._send = send
        self._queue: deque[Frame] | None = None
        self._chars = 0
        self._busy: asyncio.Task[None] | None = None
        self.on_close = on_close
        self.closed = False
        self.person = ""
        self.org = ""
        self.role = ""
        self.since = 0  # the head of the person's own stream when they signed in
        self.streams: set[str] = set()  # those it is given live

    @property
    def busy(self) -> bool:
        return self._busy is not None

    def push(self, message: Frame) -> None:
        """Send without waiting, or queue. Never raises; a socket that is gone or too slow is closed."""
        if self._busy is not None:
            self._enqueue(message)
            return
        if self.closed:
            return
        sending = self._send(message)
        try:
            waiting_on = sending.send(None)
        except StopIteration:
            return
        except Exception:  # the client is gone
            self._gone()
            return
        self._busy = asyncio.create_task(self._finish(_rest(sending, waiting_on)))

    def push_if_free(self, message: Frame) -> None:
        """For what is no fact (typing, presence): a slow socket goes without."""
        if self._busy is None:
            self.push(message)

    async def send(self, message: Frame) -> None:
        """Send and wait until it is written: for replay, which a slow client slows down by itself."""
        while self._busy is not None:
            await asyncio.shield(self._busy)
        if not self.closed:
            try:
                await self._send(message)
            except Exception:
                self._gone()

    def _enqueue(self, message: Frame) -> None:
        if self.closed:
            return
        if self._queue is None:
            self._queue = deque()
        self._queue.append(message)
        self._chars += len(message.get("text", ""))
        if len(self._queue) > QUEUE_FRAMES or self._chars > QUEUE_CHARS:
            self._queue.clear()
            self._queue.append({"type": "websocket.close", "code": TOO_SLOW})
            self._gone()

    async def _finish(self, first: Awaitable[None]) -> None:
        try:
            await first
            while self._queue:
                message = self._queue.popleft()
                self._chars -= len(message.get("text", ""))
                await self._send(message)
        except Exception:
            self._gone()
        finally:
            self._busy = None
            self._queue = None
            self._chars = 0

    def close(self, code: int) -> None:
        """Close with a code, after what is queued."""
        if not self.closed:
            self.push({"type": "websocket.close", "code": code})
            self._gone()

    def _gone(self) -> None:
        if not self.closed:
            self.closed = True
            self.on_close(self)


@types.coroutine
def _rest(sending: Coroutine[Any, Any, None], waiting_on: Any) -> Generator[Any, Any, None]:
    """What is left of a coroutine that was stepped once and waits on `waiting_on`."""
    try:
        while True:
            try:
                value = yield waiting_on
            except BaseException as error:
                waiting_on = sending.throw(error)
            else:
                waiting_on = sending.send(value)
    except StopIteration:
        return
