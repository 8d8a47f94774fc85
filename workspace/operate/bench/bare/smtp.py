"""Mails handed over by aiosmtplib alone: the same bytes, over as many connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import aiosmtplib

Sign = Callable[[bytes], bytes]


def send_all(port: int, mails: Sequence[tuple[str, bytes]], connections: int, sign: Sign | None = None) -> None:
    """(address, bytes) of each, signed by the way."""
    asyncio.run(_send_all(port, mails, connections, sign or (lambda content: content)))


async def _send_all(port: int, mails: Sequence[tuple[str, bytes]], connections: int, sign: Sign) -> None:
    waiting = iter(mails)

    async def one() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for address, content in waiting:
                await client.sendmail("bench@bench.test", [address], sign(content))

    await asyncio.gather(*(one() for _ in range(connections)))
