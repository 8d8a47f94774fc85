"""Mails handed over as a mail server does (RFC 2033), over several connections and with pipelining (RFC 2920)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

LINE_LIMIT = 64 * 1024


class NotTaken(Exception):
    """An answer other than 250; its words."""


async def hand_over(address: str, mails: Sequence[tuple[str, str, bytes]], connections: int) -> None:
    """(sender, recipient, bytes) of each, to "host:port". Raises `NotTaken` at the first that is not taken."""
    host, _, port = address.rpartition(":")
    waiting = iter(mails)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(host, int(port), limit=LINE_LIMIT)
        await _expect(reader, b"220")
        writer.write(b"LHLO bench.test\r\n")
        await _expect(reader, b"250")
        for sender, recipient, raw in waiting:
            dotted = raw.replace(b"\r\n.", b"\r\n..")
            writer.write(b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (sender.encode(), recipient.encode()))
            for code in (b"250", b"250", b"354"):
                await _expect(reader, code)
            writer.write(dotted + b".\r\n")
            await _expect(reader, b"250")
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(one())


async def _expect(reader: asyncio.StreamReader, code: bytes) -> None:
    """The last line of the next answer, with this code."""
    while True:
        line = await reader.readline()
        if not line.startswith(code):
            raise NotTaken(line.decode(errors="replace").strip())
        if line[3:4] != b"-":
            return
