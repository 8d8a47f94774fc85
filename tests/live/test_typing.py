"""Who is shown as typing: people of the channel, and nobody who merely looks in."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator

from channels_app.chat import channels
from channels_app.live.urls import sockets
from tests.cast import gather
from workspace.people.models import Person
from workspace.signin import tokens

pytestmark = pytest.mark.django_db(transaction=True)


async def _socket(person: Person, stream: str) -> ApplicationCommunicator:
    """Somebody's socket, with the channel open."""
    token = await sync_to_async(tokens.create)(person=person, name="test")
    headers = [(b"authorization", f"Bearer {token}".encode())]
    socket = ApplicationCommunicator(sockets, {"type": "websocket", "path": "/ws", "headers": headers})
    await socket.send_input({"type": "websocket.connect"})
    await _until(socket, "hello")
    await _send(socket, {"type": "resume", "streams": {stream: 0}})
    await _until(socket, "event")
    return socket


async def _send(socket: ApplicationCommunicator, frame: dict[str, Any]) -> None:
    await socket.send_input({"type": "websocket.receive", "text": orjson.dumps(frame).decode()})


async def _until(socket: ApplicationCommunicator, *kinds: str) -> dict[str, Any]:
    while True:
        message = await socket.receive_output(timeout=10)
        frame: dict[str, Any] = orjson.loads(message.get("text") or b"{}")
        if frame.get("type") in kinds:
            return frame


async def test_only_people_of_the_channel_are_shown_typing() -> None:
    cast = await sync_to_async(gather)()
    lounge = await sync_to_async(channels.create)(
        person=cast.alice, name="lounge", kind="public", members=[cast.amy.id]
    )
    alice, amy, bob = [await _socket(person, lounge.stream) for person in (cast.alice, cast.amy, cast.bob)]
    await _send(bob, {"type": "typing", "channel": lounge.id})  # he sees it and is not in it
    assert (await _until(bob, "error"))["code"] == "forbidden"
    await _send(amy, {"type": "typing", "channel": lounge.id})
    shown = await _until(alice, "typing")
    assert (shown["channel"], shown["person"]) == (lounge.id, cast.amy.id)
    for socket in (alice, amy, bob):
        await socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await socket.wait()
