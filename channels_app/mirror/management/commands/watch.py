"""Listen to the mail server and to the log, for the mirror; `up` runs it as a child."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Any

from django.core.management.base import BaseCommand

from channels_app.mirror.watching import Watcher


class Command(BaseCommand):
    help = "Listen to the mail server and to the log, for the mirror."

    def handle(self, *args: Any, **options: Any) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(_run())


async def _run() -> None:
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await Watcher().run()
