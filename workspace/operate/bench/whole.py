"""Whole instances to measure: started by `up` as anybody would, and what their programs are told."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from workspace.operate import paths
from workspace.operate.bench.report import Json
from workspace.operate.instance import REMEMBERED
from workspace.operate.part import free_port
from workspace.operate.programs import die_with_parent
from workspace.operate.progress import say

STOP_SECONDS = 20

Environment = dict[str, str]


@contextlib.contextmanager
def instance(**given: str) -> Iterator[Environment]:
    """A fresh instance, as long as it is needed; the environment of programs on it. `given`: parts it gets by URL.

    One web process; no servers of somebody else's but those given, because their data would be measured too.
    """
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as home:
        Path(home).chmod(0o755)  # root's servers run as somebody else
        data = Path(home) / "data"
        own = {name: value for name, value in os.environ.items() if name not in (*REMEMBERED, "WEB_PROCESSES")}
        up = subprocess.Popen(
            [sys.executable, paths.ROOT / "manage.py", "up", "--data", data, "--port", str(free_port())],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**own, **given},
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        try:
            _wait_until_ready(up)
            yield {**own, **json.loads((data / "run" / "env.json").read_text())}
        finally:
            up.terminate()
            up.wait(STOP_SECONDS)


def run(name: str, repeats: int, environment: Environment) -> list[list[Json]]:
    """Run a benchmark on an instance, in a process of its own; the figures of each repeat."""
    words = [sys.executable, "-m", "workspace.operate.bench.run", name, str(repeats)]
    done = subprocess.run(words, cwd=paths.ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"the benchmark {name} failed")
    found: list[list[Json]] = json.loads(done.stdout)
    return found


def _wait_until_ready(up: subprocess.Popen[str]) -> None:
    assert up.stdout is not None
    for line in up.stdout:
        if line.startswith("ready: "):
            return
    say("the instance to measure did not start")
    raise SystemExit(1)
