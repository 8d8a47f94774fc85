"""`manage.py bench`: what Roost reaches, beside what the bare parts reach in the same run.

Each benchmark runs on a whole instance of its own, started by `up` as anybody would, in a process of its own that makes
the load. It is repeated, and the medians count: of the figures, and of their ratios to the reference.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys

from workspace.operate.bench import report, whole
from workspace.operate.progress import step

NAMES = ("fanout", "post", "mirror", "pull", "history", "memory", "guests")
REPEATS = 3


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
    with step(f"{name}: {repeats} repeats"), whole.instance() as environment:
        return report.medians(whole.run(name, repeats, environment))
