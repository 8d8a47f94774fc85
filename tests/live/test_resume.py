"""A client that comes back: what it missed, then what is new, each once and in order."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator

from channels_app.chat import messages
from channels_app.live.urls import sockets
from tests.cast import gather
from tests.sockets import heard, say
from workspace.signin import tokens

pytestmark = pytest.mark.django_db(transaction=True)

A_FAR_AWAY_CLIENT = 0.6  # seconds until its answer to hello is here


async def test_what_comes_before_the_client_could_resume_waits_for_it() -> None:
    cast = await sync_to_async(gather)()
    token = await sync_to_async(tokens.create)(person=cast.bob, name="test")
    headers = [(b"authorization", f"Bearer {token}".encode())]
    socket = ApplicationCommunicator(sockets, {"type": "websocket", "path": "/ws", "headers": headers})
    await socket.send_input({"type": "websocket.connect"})
    hello = await heard(socket, "hello")
    head = hello["streams"][cast.general.stream]
    await asyncio.sleep(A_FAR_AWAY_CLIENT)
    await sync_to_async(messages.post)(person=cast.alice, channel=cast.general.id, text="new")
    resume = {"type": "resume", "streams": {cast.general.stream: head - 1}}
    await say(socket, resume)
    assert [(await heard(socket, "event"))["seq"] for _ in range(2)] == [head, head + 1]
    assert await socket.receive_nothing(0.3)
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait()
