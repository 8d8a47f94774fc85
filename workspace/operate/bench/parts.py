"""The children of the instance that is measured, as its supervisor wrote them down."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings

CARRIERS = ("beat", "watcher", "worker")


def pid(name: str) -> int:
    """The process of a child now; another one after it was started again."""
    known = json.loads((settings.DATA_DIR / "run" / "children.json").read_text())
    return int(known[name]["pid"])


@contextmanager
def stopped(names: Sequence[str] = CARRIERS) -> Iterator[None]:
    """Let children stand still for a while; what they missed waits for them."""
    pids = [pid(name) for name in names]
    for one in pids:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in reversed(pids):
            os.kill(one, signal.SIGCONT)
