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
from workspace.events import log
from workspace.events.models import Event
from workspace.people.models import Person

pytestmark = pytest.mark.django_db(transaction=True)


class Browser:
    """What a socket got; `open` False makes its connection's buffer full."""

    def __init__(self, hub: Hub, person: Person | None = None) -> None:
        self.frames: list[dict[str, Any]] = []
        self.room = asyncio.Event()
        self.room.set()
        self.waiting = False
        self.closed_with: int | None = None
        self.socket = Socket(self._send, hub.leave)
        if person is not None:
            self.socket.person, self.socket.org, self.socket.role = person.id, person.org_id, person.role
        hub.enter(self.socket)

    async def _send(self, message: dict[str, Any]) -> None:
        self.waiting = not self.room.is_set()
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


async def test_many_streams_are_replayed_together_each_whole_and_in_order(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels_app.live.hub.REPLAY_BATCH", 4)  # so that it takes several rounds
    for text in "abc":
        await sync_to_async(_post)(cast, text)
    cursors = {place.stream: 0 for place in (cast.general, cast.alice, cast.secret, cast.acme)}
    head = await _head(cast.alice.stream)
    # A person's stream that was restored from mail begins with its last number.
    await sync_to_async(Event.objects.filter(stream=cast.alice.stream, seq__lt=head).delete)()
    wanted = {stream: await sync_to_async(log.read)(stream, 0) for stream in cursors}
    hub = Hub()
    browser = Browser(hub, cast.alice)
    await hub.follow(browser.socket, cursors)
    assert browser.socket.streams == set(cursors)
    for stream, entries in wanted.items():
        assert entries and [f["seq"] for f in browser.frames if f["stream"] == stream] == [e.seq for e in entries]


async def test_a_replay_ends_with_the_access(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken out while a slow socket is still given what it missed: no more of it, and it does not go live."""
    monkeypatch.setattr("channels_app.live.hub.REPLAY_BATCH", 2)
    hub = Hub()
    browser = Browser(hub, cast.bob)
    await hub.follow(browser.socket, {cast.bob.stream: await _head(cast.bob.stream)})
    browser.room.clear()
    replay = asyncio.create_task(hub.follow(browser.socket, {cast.secret.stream: 0, cast.general.stream: 0}))
    await _until(lambda: browser.waiting)
    await sync_to_async(members.remove)(person=cast.alice, channel=cast.secret.id, member=cast.bob.id)
    hub.bell({cast.bob.stream: await _head(cast.bob.stream)})
    await _until(lambda: cast.secret.stream not in next(iter(hub.streams[cast.general.stream].replays)).places)
    browser.room.set()
    await replay
    assert [f["seq"] for f in browser.frames if f["stream"] == cast.secret.stream] == [1]
    assert browser.socket.streams == {cast.bob.stream, cast.general.stream}


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
    browser = Browser(hub, cast.bob)
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
    browser = Browser(hub, cast.amy)
    await hub.follow(browser.socket, {cast.amy.stream: 99})
    fresh = await sync_to_async(channels.create)(person=cast.alice, name="fresh", kind="private", members=[cast.amy.id])
    await hub.sweep()
    await _until(lambda: fresh.stream in browser.socket.streams)


async def _head(stream: str) -> int:
    return (await sync_to_async(log.heads)([stream]))[stream]


async def _until(check: Any, seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 (what is waited for has no event)
            await asyncio.sleep(0.01)
