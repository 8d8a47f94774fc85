"""One benchmark in its own process: `python -m workspace.operate.bench.run NAME REPEATS`; its figures as JSON."""

from __future__ import annotations

import dataclasses
import importlib
import json
import logging
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from workspace.operate.bench.report import Figure

# What a benchmark's module offers as `prepare`: it makes what is measured once; each call of its answer is a repeat.
Measure = Callable[[], Sequence["Figure"]]


def main(name: str, repeats: int) -> None:
    django.setup()
    logging.getLogger().setLevel(logging.WARNING)
    module = importlib.import_module(f"workspace.operate.bench.{name}")
    measure: Measure = module.prepare()
    found = [[dataclasses.asdict(figure) for figure in measure()] for _ in range(repeats)]
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
