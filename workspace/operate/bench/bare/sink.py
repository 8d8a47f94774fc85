"""An SMTP server that takes every mail and keeps none; `STAT` says how many there were, and when. A process of its own:
`python -m workspace.operate.bench.bare.sink PORT`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from workspace.operate import paths
from workspace.operate.part import free_port, greets, wait_for
from workspace.operate.programs import die_with_parent

ANSWERS = {b"EHLO": b"250-sink\r\n250-SIZE 60000000\r\n250 8BITMIME\r\n", b"DATA": b"354 go on\r\n"}
LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Sink:
    """Where it listens."""

    port: int

    def stat(self) -> tuple[int, float]:
        """Mails taken so far, and when the last one was (`time.perf_counter`, one clock for all processes)."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as client, client.makefile("rwb") as wire:
            wire.readline()
            wire.write(b"STAT\r\n")
            wire.flush()
            _, count, at = wire.readline().split()
            return int(count), float(at)

    def wait_for(self, count: int, patience: float = 60.0) -> float:
        """When the last of so many was taken. Raises `TimeoutError`."""
        end = time.monotonic() + patience
        while True:
            taken, at = self.stat()
            if taken >= count:
                return at
            if time.monotonic() > end:
                raise TimeoutError(f"only {taken} mails of {count} came")
            time.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def running() -> Iterator[Sink]:
    """A sink for a while."""
    port = free_port()
    words = [sys.executable, "-m", "workspace.operate.bench.bare.sink", str(port)]
    process = subprocess.Popen(words, cwd=paths.ROOT, env=dict(os.environ), preexec_fn=die_with_parent(signal.SIGKILL))
    try:
        wait_for(lambda: greets(port, b"220"), "the sink", process)
        yield Sink(port)
    finally:
        process.kill()
        process.wait()


_taken, _at = 0, 0.0


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    global _taken, _at
    writer.write(b"220 sink\r\n")
    with contextlib.suppress(ConnectionError):
        while line := await reader.readline():
            verb = line[:4].upper().strip()
            writer.write(b"250 %d %f\r\n" % (_taken, _at) if verb == b"STAT" else ANSWERS.get(verb, b"250 OK\r\n"))
            if verb == b"DATA":
                await reader.readuntil(b"\r\n.\r\n")
                _taken, _at = _taken + 1, time.perf_counter()
                writer.write(b"250 OK\r\n")
    writer.close()


async def _run(port: int) -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", port, limit=64 * 1024 * 1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1])))
