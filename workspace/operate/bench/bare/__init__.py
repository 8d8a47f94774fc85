"""Bare parts to compare with: the same server, database and libraries, with none of Roost's code on the way."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workspace.operate import paths
from workspace.operate.part import wait_for
from workspace.operate.programs import die_with_parent


@dataclass(frozen=True, slots=True)
class Bare:
    """A bare server: its port and its process."""

    port: int
    pid: int


@contextlib.contextmanager
def serve(application: str) -> Iterator[Bare]:
    """Run an ASGI application as the web process runs Roost's, with the same uvicorn and the same options."""
    with tempfile.TemporaryDirectory() as home, socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        pulse = Path(home) / "pulse"
        descriptor = listener.fileno()
        words = [sys.executable, "-m", "workspace.operate.web", str(descriptor), str(pulse), application]
        process = subprocess.Popen(
            words,
            cwd=paths.ROOT,
            env=dict(os.environ),
            pass_fds=(descriptor,),
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        try:
            wait_for(lambda: pulse.exists() and pulse.read_text() == str(process.pid), application, process)
            yield Bare(listener.getsockname()[1], process.pid)
        finally:
            process.kill()
            process.wait()
