"""Looks after the children: starts them, restarts what died with backoff, stops everything within seconds.

starting --ready--> running --dies, or hangs--> waiting (0.2 s, doubling to 30 s; 0.2 s again after 10 stable seconds)
waiting --> starting;  any --stop--> asked (its stop signal) --8 s--> killed (its whole process group)
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workspace.operate import paths
from workspace.operate.part import Part, wait_for
from workspace.operate.programs import die_with_parent
from workspace.operate.progress import say

FIRST_WAIT, LONGEST_WAIT, STABLE = 0.2, 30.0, 10.0
STOP_SECONDS = 8.0
CHECK_EVERY, MOST_FAILURES = 5.0, 4
FIRST_TRIES = 4
KEEP_EVERY = 3600.0


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
    failures: int = 0

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
                preexec_fn=die_with_parent(self.part.orphan_signal),
                **self.part.popen,
            )
        self.started, self.failures = time.monotonic(), 0
        return self.process

    def wait_until_ready(self) -> None:
        """Wait until it serves, starting it again a few times (the last run's remains may be on their way out).

        Raises `RuntimeError` with the end of its log.
        """
        tries = 1
        while True:
            assert self.process is not None
            try:
                wait_for(self.part.ready, self.part.name, self.process)
            except RuntimeError as error:
                if self.running or tries == FIRST_TRIES:
                    raise RuntimeError(f"{error} ({self.log}):\n{_tail(self.log)}") from None
            else:
                return
            time.sleep(0.5 * tries)
            tries += 1
            self.start()

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

    def check(self) -> None:
        """Ask it whether it is well; one that runs but has not answered several times in a row is killed."""
        if not self.running or time.monotonic() - self.started < CHECK_EVERY:
            return
        try:
            well = self.part.healthy()
        except OSError:
            well = False
        self.failures = 0 if well else self.failures + 1
        if self.failures >= MOST_FAILURES:
            say(f"! {self.part.name} runs but does not answer; ending it")
            self.kill()


@dataclass
class Supervisor:
    """The children in the order they were started; `record` is a file that says what runs, for other commands."""

    record: Path | None = None
    children: list[Child] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def add(self, child: Child) -> Child:
        self.children.append(child)
        return child

    def start(self, child: Child) -> None:
        child.start()
        self.write_record()

    def look(self) -> None:
        """Restart what died; call it a few times a second, from the main thread.

        The kernel's parent-death signal comes when the starting *thread* ends.
        """
        now = time.monotonic()
        for child in list(self.children):
            if child.process is None or child.running:
                continue
            if child.due == 0.0:
                self._wait_a_while(child, now)
            elif now >= child.due:
                child.due = 0.0
                child.restarts += 1
                self.start(child)

    def _wait_a_while(self, child: Child, now: float) -> None:
        if now - child.started > STABLE:
            child.wait = FIRST_WAIT
        child.due = now + child.wait
        assert child.process is not None
        say(
            f"! {child.part.name} ended with {child.process.returncode};"
            f" starting it again in {child.wait:.1f} s (see {child.log})"
        )
        child.wait = min(child.wait * 2, LONGEST_WAIT)
        child.kill()  # what it left behind of its process group

    def watch_health(self) -> None:
        """Ask every child now and then whether it is well, in a thread of its own."""

        def ask() -> None:
            kept = 0.0
            while not self.stopping.wait(CHECK_EVERY):
                if time.monotonic() - kept > KEEP_EVERY:
                    paths.keep()
                    kept = time.monotonic()
                for child in list(self.children):
                    child.check()

        threading.Thread(target=ask, name="health", daemon=True).start()

    def write_record(self) -> None:
        if self.record is None:
            return
        known = {
            child.part.name: {"pid": child.process.pid, "restarts": child.restarts, "log": str(child.log)}
            for child in self.children
            if child.process is not None
        }
        fresh = self.record.with_suffix(".new")
        fresh.write_text(json.dumps(known, indent=1))
        fresh.replace(self.record)

    def stop(self, children: Sequence[Child] | None = None) -> None:
        """Stop children, the last started first: those that use the others go before them."""
        deadline = time.monotonic() + STOP_SECONDS
        waves = _waves(list(self.children if children is None else children))
        for number, wave in enumerate(waves):
            for child in wave:
                child.ask_to_stop()
            end = deadline if number == len(waves) - 1 else time.monotonic() + STOP_SECONDS * 0.6
            while time.monotonic() < end and any(child.running for child in wave):
                time.sleep(0.02)
            for child in wave:
                child.kill()


def _waves(children: Sequence[Child]) -> list[list[Child]]:
    """Programs of ours first, together; then the servers they use, together."""
    waves = ([c for c in children if not c.part.server], [c for c in children if c.part.server])
    return [wave for wave in waves if wave]


def rotate(log: Path, keep: int = 3) -> None:
    """Begin a new log; the last few runs' logs stay beside it."""
    if not log.exists() or log.stat().st_size == 0:
        return
    for number in range(keep - 1, 0, -1):
        older = log.with_suffix(f".{number}.log")
        if older.exists():
            older.replace(log.with_suffix(f".{number + 1}.log"))
    log.replace(log.with_suffix(".1.log"))


def _tail(log: Path, size: int = 1500) -> str:
    return log.read_bytes()[-size:].decode(errors="replace") if log.exists() else ""
