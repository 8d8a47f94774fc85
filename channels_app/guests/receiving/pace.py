"""How fast mails come, counted by the minute in this process: a flood of one person's holds up nobody else's."""

from __future__ import annotations

import threading
import time
from collections import Counter

MOST_A_MINUTE = 30  # mails of one person into one channel, and into its quarantine


class Pace:
    """Counts of this minute; those of the one before are forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0
        self._counts: Counter[str] = Counter()

    def is_too_fast(self, key: str) -> bool:
        """Count one more; whether there were too many."""
        minute = int(time.monotonic() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute = minute
                self._counts.clear()
            self._counts[key] += 1
            return self._counts[key] > MOST_A_MINUTE

    def forget(self) -> None:
        """Begin a new minute."""
        with self._lock:
            self._counts.clear()


pace = Pace()
