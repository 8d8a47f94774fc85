"""Commands that go on until they are told to stop: the children of `up` that have an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import uvloop


class Service(Protocol):
    """What runs until it is cancelled."""

    def run(self) -> Coroutine[Any, Any, None]: ...


def serve(make: Callable[[], Service]) -> None:
    """Run a service, made in its event loop, until SIGTERM or SIGINT; then cancel it, and return when it has ended."""
    with contextlib.suppress(asyncio.CancelledError):
        uvloop.run(_serve(make))


async def _serve(make: Callable[[], Service]) -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await make().run()
