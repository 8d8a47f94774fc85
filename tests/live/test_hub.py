"""Fan-out in one process: every event once, in order, whatever comes between; slow sockets are closed, not buffered."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async

from channels_app.chat import channels, members, messages
from channels_app.live.hub import Hub
from channels_app.live.socket import QUEUE_FRAMES, Socket, frame
from tests.cast import Cast, gather

pytestmark = pytest.mark.django_db(transaction=True)


class Browser:
    """What a socket got; `open` False makes its connection's buffer full."""

    def __init__(self, hub: Hub) -> None:
        self.frames: list[dict[str, Any]] = []
        self.room = asyncio.Event()
        self.room.set()
        self.closed_with: int | None = None
        self.socket = Socket(self._send, hub.leave)
        hub.enter(self.socket)

    async def _send(self, message: dict[str, Any]) -> None:
        await self.room.wait()
        if message["type"] == "websocket.close":
            self.closed_with = message["code"]
        else:
            self.frames.append(orjson.loads(message["text"]))

    def seqs(self) -> list[int]:
        return [f["seq"] for f in self.frames]


@pytest.fixture
async def cast() -> Cast:
    return await sync_to_async(gather)()


def _post(cast: Cast, text: str) -> None:
    messages.post(person=cast.alice, channel=cast.general.id, text=text)


async def test_a_resumed_socket_gets_what_it_missed_and_then_what_is_new(cast: Cast) -> None:
    hub = Hub()
    browser = Browser(hub)
    stream = cast.general.stream
    await sync_to_async(_post)(cast, "missed")
    await hub.follow(browser.socket, {stream: 2})
    head = hub.streams[stream].last
    await sync_to_async(_post)(cast, "new")
    hub.bell({stream: head + 1})
    await _until(lambda: browser.seqs()[-1:] == [head + 1])
    assert browser.seqs() == list(range(3, head + 2))


async def test_overtaking_commits_and_bells_double_nothing_and_lose_nothing(cast: Cast) -> None:
    hub = Hub()
    browser = Browser(hub)
    stream = cast.general.stream
    await hub.follow(browser.socket, {stream: 0})
    before = browser.seqs()[-1]
    for text in "abc":
        await sync_to_async(_post)(cast, text)
    hub.offer([(stream, before + 2, '{"seq": 0}')])  # overtook the one before: it is read from the log instead
    hub.bell({stream: before + 3})
    hub.bell({stream: before + 3})
    await _until(lambda: before + 3 in browser.seqs())
    assert browser.seqs() == list(range(1, before + 4))


async def test_a_slow_socket_is_closed_and_told_to_resume(cast: Cast) -> None:
    hub = Hub()
    browser = Browser(hub)
    browser.room.clear()
    for number in range(QUEUE_FRAMES + 5):
        browser.socket.push(frame(f'{{"seq": {number}}}'))
    assert browser.socket.closed
    browser.room.set()
    await _until(lambda: browser.closed_with == 4408)
    assert browser.seqs() == [0]
    assert browser.socket not in hub.sockets


async def test_leaving_a_channel_ends_its_events(cast: Cast) -> None:
    hub = Hub()
    browser = Browser(hub)
    hub.leave(browser.socket)
    browser.socket.person = cast.bob.id
    hub.enter(browser.socket)
    heads = {cast.secret.stream: 99, cast.bob.stream: 99}
    await hub.follow(browser.socket, heads)
    await sync_to_async(members.remove)(person=cast.alice, channel=cast.secret.id, member=cast.bob.id)
    await hub.sweep()
    await _until(lambda: cast.secret.stream not in browser.socket.streams)
    await sync_to_async(messages.post)(person=cast.alice, channel=cast.secret.id, text="he is gone")
    await hub.sweep()
    assert not any("he is gone" in str(f) for f in browser.frames)


async def test_a_channel_one_is_added_to_comes_live_by_itself(cast: Cast) -> None:
    hub = Hub()
    browser = Browser(hub)
    hub.leave(browser.socket)
    browser.socket.person = cast.amy.id
    hub.enter(browser.socket)
    await hub.follow(browser.socket, {cast.amy.stream: 99})
    fresh = await sync_to_async(channels.create)(person=cast.alice, name="fresh", kind="private", members=[cast.amy.id])
    await hub.sweep()
    await _until(lambda: fresh.stream in browser.socket.streams)


async def _until(check: Any, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.01)
