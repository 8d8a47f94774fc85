"""What an idle socket costs the web process: two thousand of them, each of a person who is in twenty channels.

The reference is a socket of the bare ASGI broadcast on the same server.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path

from django.conf import settings

from workspace.operate.bench import bare, crowd, load, parts
from workspace.operate.bench.report import Figure, at_most
from workspace.operate.bench.run import Measure

SOCKETS = 2_000
CHANNELS = 20
WARM_UP = 50
SETTLED_SECONDS = 3.0
PATIENCE_TICKS = 300


def prepare() -> Measure:
    people = crowd.gather("memory", SOCKETS + WARM_UP, CHANNELS)

    def measure() -> list[Figure]:
        return load.run(_measure([member.token for member in people.members]))

    return measure


async def _measure(tokens: list[str]) -> list[Figure]:
    process = await _fresh_web_process()
    ours = await _per_socket(f"{settings.ROOST_URL.replace('http', 'ws', 1)}/ws", tokens, process)
    with bare.serve("workspace.operate.bench.bare.broadcast:application") as server:
        reference = await _per_socket(f"ws://127.0.0.1:{server.port}/", [None] * len(tokens), server.pid)
    return [Figure("an idle socket", "KiB", ours, reference, at_most(60))]


async def _per_socket(url: str, tokens: list[str] | list[None], pid: int) -> float:
    """KiB a socket. The first few come before: what the process sets up once is not theirs."""
    first, swarm = load.Swarm(), load.Swarm()
    await first.open(url, tokens[:WARM_UP])
    await asyncio.sleep(SETTLED_SECONDS)
    before = _resident(pid)
    await swarm.open(url, tokens[WARM_UP:])
    await asyncio.sleep(SETTLED_SECONDS)
    after = _resident(pid)
    first.close()
    swarm.close()
    await asyncio.sleep(SETTLED_SECONDS)
    return (after - before) / len(swarm.ears)


def _resident(pid: int) -> int:
    """Resident memory of a process in KiB."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True).stdout)


async def _fresh_web_process() -> int:
    """Have the web process replaced: one that held sockets before has room for them already."""
    former, pulse = parts.pid("web-0"), settings.DATA_DIR / "work" / "web-0"
    os.kill(former, signal.SIGTERM)
    for _ in range(PATIENCE_TICKS):
        await asyncio.sleep(0.1)
        if (process := parts.pid("web-0")) != former and pulse.read_text() == str(process):
            return process
    raise RuntimeError("the web process did not come back")
