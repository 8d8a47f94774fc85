"""The children of the instance that is measured, as its supervisor wrote them down."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

CARRIERS = ("beat", "watcher", "worker")
PATIENCE = 60.0
LOOK_SECONDS = 0.05


def pid(name: str) -> int:
    """The process of a child now; another one after it was started again."""
    known = json.loads((settings.DATA_DIR / "run" / "children.json").read_text())
    return int(known[name]["pid"])


@contextmanager
def stopped(names: Sequence[str] = CARRIERS) -> Iterator[None]:
    """Let children stand still for a while; what they missed waits for them. Raises `TimeoutError` while they are busy.

    None stands still in a transaction: until its end the server keeps every version of a row that was written since.
    """
    pids = [pid(name) for name in names]
    end = time.monotonic() + PATIENCE
    _send(pids, signal.SIGSTOP)
    try:
        while _in_transaction():
            if time.monotonic() > end:
                raise TimeoutError("the carriers have too much to do")
            _send(pids, signal.SIGCONT)
            time.sleep(LOOK_SECONDS)
            _send(pids, signal.SIGSTOP)
        yield
    finally:
        _send(reversed(pids), signal.SIGCONT)


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for one in pids:
        os.kill(one, number)


def _in_transaction() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return bool(cursor.fetchone()[0])
