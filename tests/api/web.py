"""A web process of its own on the test's database, as `up` starts it."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.db import connection


class Web:
    """One that serves, at `port`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, said: Path) -> None:
        self.process, self.port, self._said = process, port, said

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def raw(self, request: bytes) -> bytes:
        """Everything it says to these bytes until it closes."""
        with self.connect() as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(65536), b""))

    def most_memory(self) -> int:
        """The most it has held at a time, in bytes."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found
        return int(found[1]) * 1024

    def said(self) -> str:
        """What it wrote to its log."""
        return self._said.read_text()


@contextlib.contextmanager
def web_process(folder: Path, **env: str) -> Iterator[Web]:
    """A web process; it must live to the end."""
    bound = socket.create_server(("127.0.0.1", 0))
    pulse, said = folder / "pulse", folder / "web.log"
    address = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}"))
    more = {"DATABASE_URL": address, "ROOST_DATA": str(folder), "SECRET_KEY": "test", "IMAP_BELL": "", "IMAP_URL": ""}
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "workspace.operate.web", str(bound.fileno()), str(pulse)],
            pass_fds=[bound.fileno()],
            env={**os.environ, **more, **env},
            stdout=log,
            stderr=log,
        )
    try:
        end = time.monotonic() + 30
        while not (pulse.exists() and pulse.read_text()):
            assert process.poll() is None and time.monotonic() < end, said.read_text()
            time.sleep(0.02)
        yield Web(process, bound.getsockname()[1], said)
        assert process.poll() is None, said.read_text()
    finally:
        process.terminate()
        process.wait(20)
        bound.close()
