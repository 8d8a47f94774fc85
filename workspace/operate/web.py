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
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

APPLICATION = "workspace.asgi:application"
FRAME_LIMIT = 65_536
HEAD_LIMIT = 65_536
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


class Protocol(HttpToolsProtocol):
    """uvicorn's, with a bound on a request's head; the parser has none and would hold any size of it."""

    _head: int | None = 0  # bytes of the head that is coming in

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0

    def on_headers_complete(self) -> None:
        self._head = None
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > HEAD_LIMIT:
                self.send_400_response("The headers are too large.")


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
        http=Protocol,
        lifespan="off",
        # Whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks, separated by commas.
        forwarded_allow_ips=os.environ.get("TRUSTED_PROXIES", "127.0.0.1,::1"),
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        callback_notify=beat,
        timeout_notify=BEAT_SECONDS,
    )
    Server(config, pulse).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
