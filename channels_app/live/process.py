"""What one process has once: the hub, its one member in the channel layer, the sweeps, presence."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any

import orjson
from channels.layers import get_channel_layer

from channels_app.live import presence
from channels_app.live.hub import Hub
from channels_app.live.socket import Socket, frame
from workspace.events import bells

log = logging.getLogger(__name__)

SWEEP_SECONDS = 3.0


class Process:
    """Started by the first socket of an event loop."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(6)
        self.hub = Hub()
        self.presence = presence.Presence(self.hub)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen, once."""
        if self._loop is not None:
            return
        self._loop = asyncio.get_running_loop()
        bells.listen(self.hub.local_listener(self._loop))
        self._tasks = [
            asyncio.create_task(bells.hear(self._take)),  # bells, typing, presence of the other processes
            asyncio.create_task(self._sweep()),
            asyncio.create_task(self.presence.run()),
        ]

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "bell":
            self.hub.bell(message["heads"])
        elif message.get("process") != self.id:
            if message["type"] == "typing":
                self.show_typing(message["channel"], message["thread"], message["person"])
            elif message["type"] == "presence":
                self.presence.hear(message["org"], message["people"])

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.hub.sweep()
            except Exception as error:
                log.warning("could not look for missed events: %s", error)

    async def tell_others(self, message: dict[str, Any]) -> None:
        """Send what is no fact to the other processes; lost when the layer is away."""
        layer: Any = get_channel_layer()
        if layer is not None:
            try:
                await layer.group_send(bells.GROUP, {**message, "process": self.id})
            except Exception as error:
                log.warning("could not tell other processes: %s", error)

    async def typing(self, socket: Socket, channel: str, thread: str | None) -> None:
        """Somebody types: shown to who has the channel open, here and elsewhere."""
        self.show_typing(channel, thread, socket.person)
        await self.tell_others({"type": "typing", "channel": channel, "thread": thread, "person": socket.person})

    def show_typing(self, channel: str, thread: str | None, person: str) -> None:
        followed = self.hub.streams.get(f"channel:{channel}")
        if followed is None:
            return
        text = orjson.dumps({"type": "typing", "channel": channel, "thread": thread, "person": person}).decode()
        message = frame(text)
        for socket in tuple(followed.sockets):
            if socket.person != person:
                socket.push_if_free(message)


_process: Process | None = None


def current() -> Process:
    """This process's; made anew in a new event loop (tests)."""
    global _process
    loop = asyncio.get_running_loop()
    if _process is None or (_process._loop is not None and _process._loop is not loop):
        _process = Process()
    _process.start()
    return _process
