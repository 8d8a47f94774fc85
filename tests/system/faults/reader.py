"""A client that only reads: it keeps a cursor for each stream, and comes back with them whenever its socket closes."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection

from tests.system.faults.doors import open_socket
from tests.system.faults.ledger import Ledger

PAUSE = 0.3


class Reader(threading.Thread):
    """`seen` are the events of each stream as they came; `starts` the cursors of the first hello."""

    def __init__(self, url: str, token: str, ledger: Ledger) -> None:
        super().__init__(name="reader", daemon=True)
        self._url, self._token, self._ledger = url, token, ledger
        self.starts: dict[str, int] = {}
        self.cursors: dict[str, int] = {}
        self.seen: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.welcomed, self.stopping = threading.Event(), threading.Event()
        self.connections = 0

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                with open_socket(self._url, self._token) as live:
                    self._follow(live)
            except (WebSocketException, OSError, EOFError):
                self.stopping.wait(PAUSE)
            except Exception as error:
                self._ledger.complain(f"the reader had to end: {error!r}")
                return

    def _follow(self, live: ClientConnection) -> None:
        hello = json.loads(live.recv(10))
        if not self.welcomed.is_set():
            self.starts, self.cursors = dict(hello["streams"]), dict(hello["streams"])
            self.welcomed.set()
        self.connections += 1
        live.send(json.dumps({"type": "resume", "streams": self.cursors}))
        while not self.stopping.is_set():
            try:
                self._take(json.loads(live.recv(1)))
            except TimeoutError:
                continue

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "error":
            self._ledger.complain(f"the reader got {frame}")
        if frame["type"] == "event":
            self.seen[frame["stream"]].append(frame)
            self.cursors[frame["stream"]] = frame["seq"]
