"""Who is connected. Not a fact: it goes through the channel layer only, gathered once a second.

Each process tells the others who came and went, and repeats all of its people every half minute; who was not repeated
for longer is gone (a process that was killed says nothing). So changes cost one frame a socket and second at most,
however many people come at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from typing import TYPE_CHECKING

import orjson

from channels_app.live.socket import frame

if TYPE_CHECKING:
    from channels_app.live.hub import Hub

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
REPEAT_SECONDS = 30.0
FORGET_SECONDS = 75.0


class Presence:
    """{organization: {person: state}} as far as this process knows; state is `active` or `away`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._mine: dict[str, str] = {}
        self._elsewhere: dict[str, dict[str, float]] = defaultdict(dict)
        self._shown: dict[str, dict[str, str]] = defaultdict(dict)
        self._repeated = 0.0

    def of(self, org: str) -> dict[str, str]:
        """Who of an organization is connected."""
        here = {person: "active" for person, home in self._hub.people().items() if home == org}
        there = {person: "active" for person, until in self._elsewhere[org].items() if until > time.monotonic()}
        return {**there, **here}

    def hear(self, org: str, people: dict[str, str]) -> None:
        """What another process says."""
        for person, state in people.items():
            if state == "active":
                self._elsewhere[org][person] = time.monotonic() + FORGET_SECONDS
            else:
                self._elsewhere[org].pop(person, None)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self._tick()
            except Exception as error:
                log.warning("presence: %s", error)

    async def _tick(self) -> None:
        now = self._hub.people()
        changes: dict[str, dict[str, str]] = defaultdict(dict)
        for person, org in self._mine.items():
            if person not in now:
                changes[org][person] = "away"
        repeat = time.monotonic() - self._repeated > REPEAT_SECONDS
        for person, org in now.items():
            if repeat or person not in self._mine:
                changes[org][person] = "active"
        if repeat:
            self._repeated = time.monotonic()
        self._mine = now
        await self._tell(changes)
        for org in set(now.values()):
            self._show(org)

    async def _tell(self, changes: dict[str, dict[str, str]]) -> None:
        from channels_app.live import process

        for org, people in changes.items():
            await process.current().tell_others({"type": "presence", "org": org, "people": people})

    def _show(self, org: str) -> None:
        """Give the organization's sockets here what changed since the last time."""
        state = self.of(org)
        shown = self._shown[org]
        changed = {person: "active" for person in state if person not in shown}
        changed.update({person: "away" for person in shown if person not in state})
        self._shown[org] = state
        followed = self._hub.streams.get(f"org:{org}")
        if changed and followed is not None:
            message = frame(orjson.dumps({"type": "presence", "people": changed}).decode())
            for socket in tuple(followed.sockets):
                socket.push_if_free(message)
