"""`manage.py bench`: what Roost reaches, beside what the bare parts reach in the same run.

Each benchmark runs on a whole instance of its own, started by `up` as anybody would, in a process of its own that makes
the load. It is repeated, and the medians count: of the figures, and of their ratios to the reference.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from workspace.operate import paths
from workspace.operate.bench import report
from workspace.operate.part import free_port
from workspace.operate.progress import say, step

NAMES = ("fanout", "post", "mirror", "memory")
REPEATS = 3
STOP_SECONDS = 20


def main(argv: list[str]) -> int:
    """Run the benchmarks; exit code 1 when a figure is not reached."""
    parser = argparse.ArgumentParser(prog="manage.py bench", description="Measure this machine's Roost.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which ones (all): {', '.join(NAMES)}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--write", action="store_true", help="put the figures into deploy/BENCHMARKS.md")
    options = parser.parse_args(argv[1:])
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    found = {name: _run(name, options.repeats) for name in options.names or NAMES}
    print(json.dumps(report.as_json(found)) if options.json else report.table(found))
    if options.write:
        report.write(found)
    return 0 if all(figure.reached for figures in found.values() for figure in figures) else 1


def _run(name: str, repeats: int) -> list[report.Figure]:
    """Start an instance, and the benchmark on it."""
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as home, step(f"{name}: {repeats} repeats"):
        Path(home).chmod(0o755)  # root's servers run as somebody else
        data = Path(home) / "data"
        up = subprocess.Popen(
            [sys.executable, paths.ROOT / "manage.py", "up", "--data", data, "--port", str(free_port())],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=_without_instance(),
        )
        try:
            _wait_until_ready(up)
            known = json.loads((data / "run" / "env.json").read_text())
            words = [sys.executable, "-m", "workspace.operate.bench.run", name, str(repeats)]
            done = subprocess.run(words, cwd=paths.ROOT, env={**os.environ, **known}, stdout=subprocess.PIPE, text=True)
            if done.returncode:
                raise SystemExit(f"the benchmark {name} failed")
            return report.medians(json.loads(done.stdout))
        finally:
            up.terminate()
            up.wait(STOP_SECONDS)


def _without_instance() -> dict[str, str]:
    """One web process; no servers of somebody else's, because their data would be measured too."""
    own = {"DATABASE_URL", "REDIS_URL", "BROKER_URL", "IMAP_URL", "ROOST_DATA", "ROOST_URL", "STORAGE_DIR"}
    return {**{name: value for name, value in os.environ.items() if name not in own}, "WEB_PROCESSES": "1"}


def _wait_until_ready(up: subprocess.Popen[str]) -> None:
    assert up.stdout is not None
    for line in up.stdout:
        if line.startswith("ready: "):
            return
    say("the instance to measure did not start")
    raise SystemExit(1)
