"""A part: a server program that the supervisor starts, looks after and stops."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workspace.operate import paths


@dataclass(frozen=True)
class Part:
    """How to start and stop one program.

    `ready` says when it serves and `healthy` whether it still does (both may raise `OSError` for no); `env` is what its
    users need to know; `orphan_signal` is what it gets when `up` itself is killed; a `server` stops after all others.
    """

    name: str
    argv: list[str]
    ready: Callable[[], bool] = lambda: True
    healthy: Callable[[], bool] = lambda: True
    env: dict[str, str] = field(default_factory=dict)
    own_env: dict[str, str] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    server: bool = False
    popen: dict[str, Any] = field(default_factory=dict)


def wait_for(check: Callable[[], bool], what: str, process: subprocess.Popen[bytes], timeout: float = 40.0) -> None:
    """Wait until `check` says yes. Raises `RuntimeError` when the process ends or the time is over."""
    end = time.monotonic() + timeout
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode}; see its log")
        with contextlib.suppress(OSError):
            if check():
                return
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not answer within {timeout:.0f} s")
        time.sleep(0.02)


def greets(port: int, greeting: bytes, host: str = "127.0.0.1") -> bool:
    """Whether the server on a port opens with `greeting`."""
    with socket.create_connection((host, port), 0.5) as client:
        client.settimeout(2)
        return client.recv(64).startswith(greeting)


def is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def usable(directory: Path, probe: str, extra: Path | None = None) -> Path:
    """`directory`, or a copy that the service user can reach (the checkout may lie where only root looks)."""
    try:
        subprocess.run([directory / probe, "--version"], check=True, capture_output=True, **paths.as_service())
    except (PermissionError, subprocess.CalledProcessError):
        copies = paths.cache_dir() / "bin" / f"{directory.name}-{directory.stat().st_mtime_ns}"
        # Three levels, as installed: the programs look for their libraries at $ORIGIN/../../../NAME.libs.
        target = copies / directory.parent.parent.name / directory.parent.name / directory.name
        if not target.exists():
            shutil.copytree(directory, target, symlinks=True)
        if extra is not None and extra.exists():
            shutil.copytree(extra, copies / extra.name, dirs_exist_ok=True)
        for parent in (paths.cache_dir(), copies.parent, copies, *list(target.parents)[:2]):
            parent.chmod(0o755)
        return target
    return directory
