"""Carry mail to guests, and take in theirs; `up` runs it as a child."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Any

import uvloop
from django.core.management.base import BaseCommand

from channels_app.guests.gateway import Gateway


class Command(BaseCommand):
    help = "Carry mail to guests, and take in theirs."

    def handle(self, *args: Any, **options: Any) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            uvloop.run(_run())


async def _run() -> None:
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await Gateway().run()
