"""Killing parts with SIGKILL: programs, masters with or without their children, or a single child."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.operate.house import Running, until

SELF, ALL, CHILD = "itself", "all its processes", "one of its children"
# How each of the five kills of a part goes.
WAYS = {
    "web": (SELF, SELF, SELF, ALL, ALL),
    "worker": (SELF, SELF, SELF, SELF, SELF),
    "watcher": (SELF, SELF, SELF, SELF, SELF),
    "valkey": (SELF, SELF, SELF, SELF, SELF),
    "postgres": (SELF, SELF, ALL, CHILD, CHILD),
    "dovecot": (SELF, SELF, ALL, CHILD, CHILD),
}
WEB = ("web-0", "web-1")
# The titles of children that serve somebody.
SERVING = {"postgres": re.compile("postgres: roost "), "dovecot": re.compile(r"dovecot\S*/imap(?!-)")}
BACK_SECONDS = 40.0


@dataclass
class Killer:
    """What it did is in `done`, a line a kill."""

    up: Running
    chance: random.Random
    began: float = field(default_factory=time.monotonic)
    done: list[str] = field(default_factory=list)
    _killed: set[int] = field(default_factory=set)

    def plan(self) -> list[tuple[str, str]]:
        kills = [(part, way) for part, ways in WAYS.items() for way in ways]
        self.chance.shuffle(kills)
        return kills

    def kill(self, part: str, way: str) -> None:
        names = [part] if part != "web" else WEB if way == ALL else [self.chance.choice(WEB)]
        mains = [self.wait_until_back(name) for name in names]
        victims = [victim for pid in mains for victim in self._victims(part, pid, way)]
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        self._killed.update(victims)
        self.done.append(f"{time.monotonic() - self.began:6.1f} s  {', '.join(names)}: {way} {victims}")

    def wait_until_back(self, name: str) -> int:
        """The process of a part, once it runs again after the last kill."""
        pid: int = until(lambda: self._running(name), BACK_SECONDS)
        return pid

    def _running(self, name: str) -> int | None:
        pid = self.up.children()[name]
        return pid if pid not in self._killed and _stat(pid)[0] != "Z" else None

    def _victims(self, part: str, pid: int, way: str) -> list[int]:
        if way == SELF:
            return [pid]
        if way == ALL:
            return [pid, *descendants(pid)]
        serving = until(lambda: [one for one in descendants(pid) if SERVING[part].match(title(one))], BACK_SECONDS)
        return [self.chance.choice(serving)]


def descendants(pid: int) -> list[int]:
    """The children of a process, theirs, and so on."""
    children: dict[int, list[int]] = {}
    for process, parent in _parents():
        children.setdefault(parent, []).append(process)
    found = list(children.get(pid, ()))
    for child in found:
        found += children.get(child, ())
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield int(process.name), int(_stat(int(process.name))[1])


def _stat(pid: int) -> list[str]:
    """State, parent, … (proc_pid_stat(5)). Raises `OSError` when there is no such process."""
    return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()


def title(pid: int) -> str:
    with contextlib.suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""
