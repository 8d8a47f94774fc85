"""Who is shown as typing: people of the channel, and nobody who merely looks in."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator

from channels_app.chat import channels
from channels_app.live.urls import sockets
from tests.cast import gather
from tests.sockets import heard, say
from workspace.people.models import Person
from workspace.signin import tokens

pytestmark = pytest.mark.django_db(transaction=True)


async def _socket(person: Person, stream: str) -> ApplicationCommunicator:
    """Somebody's socket, with the channel open."""
    token = await sync_to_async(tokens.create)(person=person, name="test")
    headers = [(b"authorization", f"Bearer {token}".encode())]
    socket = ApplicationCommunicator(sockets, {"type": "websocket", "path": "/ws", "headers": headers})
    await socket.send_input({"type": "websocket.connect"})
    await heard(socket, "hello")
    await say(socket, {"type": "resume", "streams": {stream: 0}})
    await heard(socket, "event")
    return socket


async def test_only_people_of_the_channel_are_shown_typing() -> None:
    cast = await sync_to_async(gather)()
    lounge = await sync_to_async(channels.create)(
        person=cast.alice, name="lounge", kind="public", members=[cast.amy.id]
    )
    alice, amy, bob = [await _socket(person, lounge.stream) for person in (cast.alice, cast.amy, cast.bob)]
    await say(bob, {"type": "typing", "channel": lounge.id})  # he sees it and is not in it
    assert (await heard(bob, "error"))["code"] == "forbidden"
    await say(amy, {"type": "typing", "channel": lounge.id})
    shown = await heard(alice, "typing")
    assert (shown["channel"], shown["person"]) == (lounge.id, cast.amy.id)
    for socket in (alice, amy, bob):
        await socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await socket.wait()
