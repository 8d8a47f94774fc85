"""Runs `manage.py` as a person would, and looks at what it started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workspace.operate.instance import REMEMBERED
from workspace.operate.part import free_port

ROOT = Path(__file__).resolve().parent.parent.parent


def bare_env(**more: str) -> dict[str, str]:
    """The environment without what the suite's own servers put into it."""
    return {**{key: value for key, value in os.environ.items() if key not in REMEMBERED}, **more}


def until(check: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until `check` gives something true, and give that."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, ValueError):
            if found := check():
                return found
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


def manage(
    *words: str,
    env: Mapping[str, str] | None = None,
    root: Path = ROOT,
    python: str = sys.executable,
    **popen: Any,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, str(root / "manage.py"), *words],
        env=bare_env() if env is None else env,
        capture_output=True,
        text=True,
        timeout=90,
        **popen,
    )


class Running:
    """A `manage.py` command that goes on: its lines, its children."""

    def __init__(
        self,
        *words: str,
        data: Path,
        env: Mapping[str, str] | None = None,
        root: Path = ROOT,
        python: str = sys.executable,
        **popen: Any,
    ) -> None:
        self.data = data
        self.lines: list[str] = []
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [python, str(root / "manage.py"), *words, "--data", str(data)],
            env=bare_env() if env is None else env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            **popen,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def line(self, start: str, seconds: float = 60.0) -> str:
        """The line that begins so, without its beginning."""

        def found() -> str | None:
            ended = self.process.poll() is not None
            line = next((line for line in self.lines if line.startswith(start)), None)
            assert line or not ended, "\n".join(self.lines)
            return line

        return str(until(found, seconds)).removeprefix(start)

    def children(self) -> dict[str, int]:
        known = json.loads((self.data / "run" / "children.json").read_text())
        return {name: int(entry["pid"]) for name, entry in known.items()}

    def env(self) -> dict[str, str]:
        return dict(json.loads((self.data / "run" / "env.json").read_text()))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Stop it; the seconds that took."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - began


@dataclass
class House:
    """A running instance."""

    up: Running
    url: str
    data: Path


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A place that the servers' user can reach, unlike pytest's own (which is closed to others)."""
    with tempfile.TemporaryDirectory(prefix="roost-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


@contextlib.contextmanager
def running_house(data: Path, *, env: Mapping[str, str] | None = None) -> Iterator[House]:
    """`up` on fresh data, stopped at the end."""
    up, url = start_up(data, env=env)
    try:
        yield House(up, url, data)
    finally:
        up.stop()


def start_up(data: Path, *, env: Mapping[str, str] | None = None, **popen: Any) -> tuple[Running, str]:
    """`up` on a free port; it and its address."""
    port = free_port()
    up = Running("up", "--port", str(port), data=data, env=env, **popen)
    try:
        return up, up.line("ready: ")
    except BaseException:
        up.stop()
        raise


def left(data: Path, word: str = "") -> list[int]:
    """The processes that have the data directory in their words or environment, and `word` in their words."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words, given = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            if str(data).encode() in words + given and word.encode() in words and int(process.name) != os.getpid():
                found.append(int(process.name))
    return found


def answers(url: str, token: str = "") -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=10) as response:
        return dict(json.load(response))
