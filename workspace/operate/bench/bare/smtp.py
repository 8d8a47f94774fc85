"""Mails handed over by aiosmtplib alone: the same bytes, over as many connections."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiosmtplib


def send_all(port: int, mails: Sequence[tuple[str, bytes]], connections: int) -> None:
    """(address, bytes) of each."""
    asyncio.run(_send_all(port, mails, connections))


async def _send_all(port: int, mails: Sequence[tuple[str, bytes]], connections: int) -> None:
    waiting = iter(mails)

    async def one() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for address, content in waiting:
                await client.sendmail("bench@bench.test", [address], content)

    await asyncio.gather(*(one() for _ in range(connections)))
