"""What `up` and `test` say while they work: a spinner on a terminal, one line elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

from rich.console import Console

console = Console(stderr=True, highlight=False)


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Show that `what` is under way, and how long it took."""
    began = time.monotonic()
    if console.is_terminal:
        with console.status(what):
            yield
        console.print(f"[green]✓[/] {what} [dim]{time.monotonic() - began:.1f} s[/]")
    else:
        yield
        say(f"* {what} ({time.monotonic() - began:.1f} s)")


def say(line: str) -> None:
    """A line for the person who started it."""
    print(line, file=sys.stderr, flush=True)
