"""The load: sockets that listen and call, by picows, which costs a fraction of what the server does for a frame."""

from __future__ import annotations

import asyncio
import itertools
import time
from array import array
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import orjson
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

# Written into each text before its number, so that a frame is known by a glance at its bytes. No Markdown: like most
# of what people write, these messages are plain text.
MARK = b"No $"
WORDS = (
    " The quick brown fox jumps over the lazy dog, and whoever reads this has time to read a hundred and twenty bytes."
)
OPEN_AT_ONCE = 50
PATIENCE = 30.0
LIVE_SECONDS = 1.5  # longer than the live door holds events for a client that may resume

T = TypeVar("T")


def text(number: int) -> str:
    """A message of about 120 bytes that carries its number."""
    return f"{MARK.decode()}{number:08d}{WORDS}"


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


class Ear(WSListener):
    """A client's socket: counts what it hears, and finishes the calls it made."""

    def __init__(self, swarm: Swarm) -> None:
        self._swarm = swarm
        self._transport: WSTransport | None = None
        self._calls: dict[bytes, asyncio.Future[bytes]] = {}

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            self._swarm.closed += 1
            return
        payload = frame.get_payload_as_bytes()
        if payload.startswith(b'{"type":"event"'):
            at = payload.find(MARK)
            if at > 0:
                at += len(MARK)
                self._swarm.heard(int(payload[at : at + 8]), payload)
        elif payload.startswith(b'{"type":"reply","id":"'):
            id = payload[22 : payload.index(b'"', 22)]
            if (call := self._calls.pop(id, None)) is not None and not call.done():
                call.set_result(payload)

    def send(self, frame: bytes) -> None:
        assert self._transport is not None
        self._transport.send(WSMsgType.TEXT, frame)

    async def call(self, method: str, params: dict[str, Any]) -> None:
        """Call a method and wait for its result. Raises `RuntimeError` with the error's answer."""
        id = str(next(_ids))
        done = self._calls[id.encode()] = asyncio.get_running_loop().create_future()
        self.send(orjson.dumps({"type": "call", "id": id, "method": method, "params": params}))
        answer = await asyncio.wait_for(done, PATIENCE)
        if b'"error":' in answer[:60]:
            raise RuntimeError(answer.decode())

    def close(self) -> None:
        assert self._transport is not None
        self._transport.disconnect()


_ids = itertools.count(1)


class Swarm:
    """Many sockets, and when each of them heard each message."""

    def __init__(self) -> None:
        self.ears: list[Ear] = []
        self.delays = array("d")  # seconds from sending to each one's hearing
        self.last = array("d")  # seconds until all had heard a message
        self.sample = b""
        self.count = 0
        self.closed = 0
        self._sent: dict[int, tuple[float, int, asyncio.Future[None]]] = {}

    async def open(self, url: str, tokens: Sequence[str | None]) -> None:
        """Connect a socket for each token, signed in by header."""
        room = asyncio.Semaphore(OPEN_AT_ONCE)

        async def connect(token: str | None) -> None:
            headers = {"Authorization": f"Bearer {token}"} if token else None
            async with room:
                await ws_connect(self._ear, url, extra_headers=headers, websocket_handshake_timeout=PATIENCE)

        await asyncio.gather(*map(connect, tokens))

    async def settle(self) -> None:
        """Wait until sockets that do not resume are given events live."""
        await asyncio.sleep(LIVE_SECONDS)

    def _ear(self) -> Ear:
        ear = Ear(self)
        self.ears.append(ear)
        return ear

    def expect(self, number: int) -> asyncio.Future[None]:
        """Say that message `number` is sent now; done when everybody has heard it."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sent[number] = (time.perf_counter(), len(self.ears), done)
        return done

    def heard(self, number: int, payload: bytes) -> None:
        sent = self._sent.get(number)
        if sent is None:
            return
        at, left, done = sent
        delay = time.perf_counter() - at
        self.delays.append(delay)
        self.count += 1
        if left > 1:
            self._sent[number] = (at, left - 1, done)
            return
        del self._sent[number]
        self.last.append(delay)
        self.sample = payload
        done.set_result(None)

    def forget(self) -> None:
        """Begin to measure anew."""
        del self.delays[:], self.last[:]
        self.count = 0

    def close(self) -> None:
        for ear in self.ears:
            ear.close()


async def steadily(send: Callable[[int], Awaitable[None]], *, a_second: float, seconds: float, start: int) -> None:
    """Send numbered messages at a rate, whatever the answers take; wait for all of them."""
    began, tasks = time.perf_counter(), []
    for n in range(int(a_second * seconds)):
        await asyncio.sleep(max(0.0, began + n / a_second - time.perf_counter()))
        tasks.append(asyncio.ensure_future(send(start + n)))
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)


async def in_flight(
    send: Callable[[int], Awaitable[None]], count: int, *, seconds: float, numbers: itertools.count[int]
) -> float:
    """Keep `count` messages under way; how many a second were done with."""
    began = time.perf_counter()
    done = 0

    async def go_on() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await send(next(numbers))
            done += 1

    await asyncio.gather(*(go_on() for _ in range(count)))
    return done / (time.perf_counter() - began)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of all lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
