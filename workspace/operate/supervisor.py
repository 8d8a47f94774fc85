"""Looks after the children: starts them, restarts what died with backoff, stops everything within seconds.

starting --ready--> running --dies--> waiting (0.2 s, doubling to 30 s; 0.2 s again after a stable minute) --> starting
any --stop--> asked (its stop signal) --8 s--> killed (its whole process group)
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workspace.operate.part import Part, wait_for
from workspace.operate.progress import say

FIRST_WAIT, LONGEST_WAIT, STABLE = 0.2, 30.0, 60.0
STOP_SECONDS = 8.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if platform.system() == "Linux" else None


@dataclass
class Child:
    """A part under supervision."""

    part: Part
    log: Path
    env: dict[str, str]
    pass_fds: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = FIRST_WAIT
    due: float = 0.0
    restarts: int = 0

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.part.argv,
                env=self.part.own_env or self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                pass_fds=self.pass_fds,
                preexec_fn=_die_with_parent,
                **self.part.popen,
            )
        self.started = time.monotonic()
        return self.process

    def start_and_wait(self) -> None:
        """Start and wait until it serves. Raises `RuntimeError`."""
        self.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until it serves. Raises `RuntimeError` with the end of its log."""
        assert self.process is not None
        try:
            wait_for(self.part.ready, self.part.name, self.process)
        except RuntimeError as error:
            raise RuntimeError(f"{error} ({self.log}):\n{_tail(self.log)}") from None

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.process is not None and self.running:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(self.part.stop_signal)

    def kill(self) -> None:
        """End whatever is left of it, grandchildren too."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)


def _die_with_parent() -> None:
    """Runs in the child: when `up` itself is killed, nothing of it stays (Linux)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Supervisor:
    """The children in the order they were started."""

    children: list[Child] = field(default_factory=list)
    stopping: bool = False

    def add(self, child: Child) -> Child:
        self.children.append(child)
        return child

    def look(self) -> None:
        """Restart what died; call it a few times a second."""
        now = time.monotonic()
        for child in list(self.children):
            if child.process is None or child.running:
                continue
            if child.due == 0.0:
                if now - child.started > STABLE:
                    child.wait = FIRST_WAIT
                child.due = now + child.wait
                code = child.process.returncode
                say(f"! {child.part.name} ended with {code}; starting it again in {child.wait:.1f} s (see {child.log})")
                child.wait = min(child.wait * 2, LONGEST_WAIT)
            elif now >= child.due:
                child.due = 0.0
                child.restarts += 1
                child.kill()  # what it left behind of its process group
                child.start()

    def stop(self, children: Sequence[Child] | None = None, *, group: bool = True) -> None:
        """Stop children, the last started first: those that use the others go before them."""
        chosen = list(self.children if children is None else children)
        deadline = time.monotonic() + STOP_SECONDS
        waves = _waves(chosen)
        for number, wave in enumerate(waves):
            for child in wave:
                child.ask_to_stop()
            end = deadline if number == len(waves) - 1 else time.monotonic() + (deadline - time.monotonic()) * 0.6
            while time.monotonic() < end and any(child.running for child in wave):
                time.sleep(0.02)
            for child in wave:
                child.kill()


def _waves(children: Sequence[Child]) -> list[list[Child]]:
    """Programs of ours first, together; then the servers they use, together."""
    servers = {"postgres", "valkey", "dovecot"}
    ours = [child for child in children if child.part.name not in servers]
    return [wave for wave in (ours, [c for c in children if c.part.name in servers]) if wave]


def rotate(log: Path, keep: int = 3) -> None:
    """Begin a new log; the last few runs' logs stay beside it."""
    if not log.exists() or log.stat().st_size == 0:
        return
    for number in range(keep - 1, 0, -1):
        older = log.with_suffix(f".{number}.log")
        if older.exists():
            shutil.move(older, log.with_suffix(f".{number + 1}.log"))
    shutil.move(log, log.with_suffix(".1.log"))


def _tail(log: Path, size: int = 1500) -> str:
    return log.read_bytes()[-size:].decode(errors="replace") if log.exists() else ""
