"""A few connections to the mail server, shared by the threads of a process."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

from django.conf import settings

from channels_app.mirror.imap import TROUBLE, Mailbox

IDLE_SECONDS = 20.0
PAUSE_SECONDS = 1.0


class Away(OSError):
    """The server did not answer a moment ago; nobody needs to wait for it again right now."""


class Pool:
    """At most `IMAP_CONNECTIONS` connections; a broken one is thrown away. Fork-safe as long as it is empty then."""

    def __init__(self) -> None:
        self._free: list[tuple[Mailbox, float]] = []
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(settings.IMAP_CONNECTIONS)
        self._away_until = 0.0

    @contextlib.contextmanager
    def mailbox(self) -> Iterator[Mailbox]:
        """A connection for a while."""
        with self._room:
            mailbox = self._take()
            try:
                yield mailbox
            except BaseException:
                # In the middle of an answer, perhaps: this connection is of no use to anybody else.
                mailbox.close()
                raise
            with self._lock:
                self._free.append((mailbox, time.monotonic()))

    def _take(self) -> Mailbox:
        while True:
            with self._lock:
                if not self._free:
                    break
                mailbox, used = self._free.pop()
            if time.monotonic() - used < IDLE_SECONDS:
                return mailbox
            try:
                mailbox.noop()
            except TROUBLE:
                mailbox.close()
            else:
                return mailbox
        return self._connect()

    def _connect(self) -> Mailbox:
        if time.monotonic() < self._away_until:
            raise Away("the mail server is away")
        try:
            return Mailbox()
        except TROUBLE:
            self._away_until = time.monotonic() + PAUSE_SECONDS
            raise

    def empty(self) -> None:
        """Close what is free, and try the server again at once."""
        with self._lock:
            free, self._free, self._away_until = self._free, [], 0.0
        for mailbox, _ in free:
            mailbox.close()


pool = Pool()
