"""What an earlier run left behind: after `kill -9` its children get the kernel's signal and need a moment to end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path

PATIENCE = 8.0


def wait_until_gone(record: Path) -> None:
    """Wait for the children that an earlier run wrote down; end those that stay."""
    try:
        known = json.loads(record.read_text())
    except (OSError, ValueError):
        return
    pids = [int(entry["pid"]) for entry in known.values()]
    end = time.monotonic() + PATIENCE
    while any(_is_child_of_nobody(pid, record) for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    for pid in pids:
        if _is_child_of_nobody(pid, record):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
    record.unlink(missing_ok=True)


def _is_child_of_nobody(pid: int, record: Path) -> bool:
    """Whether this process is still one of ours: it began before the record's last change, and its group is its own."""
    process = Path("/proc") / str(pid)
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()
        began = process.stat().st_ctime
        return state[0] != "Z" and int(state[2]) == pid and began <= record.stat().st_mtime + 1
    except (OSError, IndexError):
        return False
