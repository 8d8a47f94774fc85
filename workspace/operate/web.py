"""One web process: uvicorn on a socket that `up` bound, so a restart refuses no connection.

`python -m workspace.operate.web DESCRIPTOR PULSE [APPLICATION]`: the file PULSE gets the process's id once it serves,
and is touched while its event loop turns, so the supervisor sees a process that hangs.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from pathlib import Path

import uvicorn

APPLICATION = "workspace.asgi:application"
FRAME_LIMIT = 65_536
BEAT_SECONDS = 2
GRACE_SECONDS = 4


class Server(uvicorn.Server):
    """uvicorn that says when it serves."""

    def __init__(self, config: uvicorn.Config, pulse: Path) -> None:
        super().__init__(config)
        self._pulse = pulse

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._pulse.write_text(str(os.getpid()))


def main(descriptor: int, pulse: Path, application: str = APPLICATION) -> None:
    async def beat() -> None:
        with contextlib.suppress(FileNotFoundError):
            os.utime(pulse)

    config = uvicorn.Config(
        application,
        ws="websockets-sansio",
        ws_max_size=FRAME_LIMIT,
        ws_per_message_deflate=False,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        callback_notify=beat,
        timeout_notify=BEAT_SECONDS,
    )
    Server(config, pulse).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
