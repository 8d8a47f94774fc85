"""Starts programs so that none outlives the one that started it, and ends set-up steps when we are told to stop."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if platform.system() == "Linux" else None
_running: set[subprocess.Popen[str]] = set()


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends `number` when the starting thread ends, also by `kill -9` (Linux)."""
    parent = os.getpid()

    def ask() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, number)
            if os.getppid() != parent:  # it went between fork and here
                os._exit(1)

    return ask


def run(
    argv: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None, **popen: Any
) -> str:
    """Run a step of the set-up to its end; its standard output. Raises `RuntimeError` with the end of what it said."""
    where = {"cwd": cwd} if cwd else {}
    with subprocess.Popen(
        [str(word) for word in argv],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGKILL),
        **{**popen, **where},
    ) as process:
        out: str
        _running.add(process)
        try:
            out, said = process.communicate()
        finally:
            _running.discard(process)
    if process.returncode:
        shown = " ".join(str(word) for word in argv[:3])
        raise RuntimeError(f"{shown} failed ({process.returncode}):\n{(out + said).strip()[-4000:]}")
    return out


def end_all() -> None:
    """End every step that `run` still waits for, with all it started."""
    for process in list(_running):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
