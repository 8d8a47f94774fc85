"""The live socket as a client has it: frames said and heard."""

from __future__ import annotations

from typing import Any

import orjson
from asgiref.testing import ApplicationCommunicator

PATIENCE = 10


async def say(socket: ApplicationCommunicator, frame: dict[str, Any]) -> None:
    await socket.send_input({"type": "websocket.receive", "text": orjson.dumps(frame).decode()})


async def heard(socket: ApplicationCommunicator, *kinds: str) -> dict[str, Any]:
    """The next frame of one of these types. Raises `TimeoutError`."""
    while True:
        message = await socket.receive_output(timeout=PATIENCE)
        frame: dict[str, Any] = orjson.loads(message.get("text") or b"{}")
        if frame.get("type") in kinds:
            return frame
