"""Fan-out in one process: which socket follows which stream, and every event to each of them once, in order.

For each stream somebody here follows, the hub knows `last`, the number it handed out last. An event with the
next number goes out at once; anything else (a bell from another process, two commits that overtook each other) makes
the hub read what lies between from the log. A socket is given a stream live only when its replay has reached `last`.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from channels.db import database_sync_to_async

from channels_app.live.socket import Frame, Socket, frame
from workspace.events import log as event_log
from workspace.events.log import Entry

log = logging.getLogger(__name__)

REPLAY_BATCH = 200
ACCESS_ENDED = 4403
_MEMBERSHIP = re.compile(r'"kind":"(?:channel\.joined|channel\.left|access\.ended)"')

LocalListener = Callable[[Sequence[Entry]], None]

_read = database_sync_to_async(event_log.read, thread_sensitive=False)
_heads = database_sync_to_async(event_log.heads, thread_sensitive=False)


@dataclass(slots=True)
class Followed:
    """A stream with followers here."""

    last: int
    sockets: set[Socket] = field(default_factory=set)
    # Sockets whose replay ran ahead of `last`: they are not given again what they have.
    ahead: dict[Socket, int] = field(default_factory=dict)
    waiting: int = 0  # replays under way: the stream is kept for them
    fetching: bool = False
    known_head: int = 0


class Hub:
    """One for each process; used from one event loop."""

    def __init__(self) -> None:
        self.streams: dict[str, Followed] = {}
        self.sockets: set[Socket] = set()
        self._by_person: dict[str, set[Socket]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # Who is here

    def enter(self, socket: Socket) -> None:
        self.sockets.add(socket)
        self._by_person.setdefault(socket.person, set()).add(socket)

    def leave(self, socket: Socket) -> None:
        self.sockets.discard(socket)
        mine = self._by_person.get(socket.person)
        if mine is not None:
            mine.discard(socket)
            if not mine:
                del self._by_person[socket.person]
        for stream in list(socket.streams):
            self.unfollow(socket, stream)

    def sockets_of(self, person: str) -> Iterable[Socket]:
        return tuple(self._by_person.get(person, ()))

    def people(self) -> dict[str, str]:
        """{person: organization} of everybody connected here."""
        return {person: next(iter(sockets)).org for person, sockets in self._by_person.items()}

    def unfollow(self, socket: Socket, stream: str) -> None:
        socket.streams.discard(stream)
        followed = self.streams.get(stream)
        if followed is not None:
            followed.sockets.discard(socket)
            followed.ahead.pop(socket, None)
            self._drop_if_unused(stream, followed)

    def _drop_if_unused(self, stream: str, followed: Followed) -> None:
        if not followed.sockets and not followed.waiting:
            self.streams.pop(stream, None)

    # Following a stream

    async def follow(self, socket: Socket, cursors: Mapping[str, int]) -> None:
        """Replay each stream after its cursor, in order, then give it live."""
        heads = await self._watch(list(cursors))
        for stream in cursors:
            self.unfollow_live(socket, stream)
        for stream, cursor in cursors.items():
            try:
                await self._replay(socket, stream, cursor, heads.get(stream, 0))
            finally:
                followed = self.streams.get(stream)
                if followed is not None:
                    followed.waiting -= 1
                    self._drop_if_unused(stream, followed)

    def unfollow_live(self, socket: Socket, stream: str) -> None:
        socket.streams.discard(stream)
        followed = self.streams.get(stream)
        if followed is not None:
            followed.sockets.discard(socket)
            followed.ahead.pop(socket, None)

    async def _watch(self, streams: Sequence[str]) -> dict[str, int]:
        """Make sure the hub follows these streams from now on, whatever is committed meanwhile; their heads."""
        fresh = []
        for stream in streams:
            followed = self.streams.get(stream)
            if followed is None:
                fresh.append(stream)
                followed = self.streams[stream] = Followed(last=-1)
            followed.waiting += 1
        try:
            heads: dict[str, int] = await _heads(list(streams))
        except BaseException:
            for stream in streams:
                self.streams[stream].waiting -= 1
                self._drop_if_unused(stream, self.streams[stream])
            raise
        for stream in fresh:
            followed = self.streams[stream]
            if followed.last < 0:
                followed.last = heads.get(stream, 0)
            if followed.known_head > followed.last:
                self._fetch(stream)
        return heads

    async def _replay(self, socket: Socket, stream: str, cursor: int, head: int) -> None:
        while not socket.closed:
            followed = self.streams[stream]
            target = max(head, followed.last)
            if cursor >= target:
                self._go_live(socket, stream, followed, cursor)
                return
            entries = await _read(stream, cursor, limit=REPLAY_BATCH)
            for entry in entries:
                await socket.send(frame(entry.frame().decode()))
                cursor = entry.seq
            if not entries:
                # A cursor before the log's beginning or a rolled-back head: there is nothing to wait for.
                self._go_live(socket, stream, self.streams[stream], cursor)
                return

    def _go_live(self, socket: Socket, stream: str, followed: Followed, cursor: int) -> None:
        followed.sockets.add(socket)
        socket.streams.add(stream)
        if cursor > followed.last:
            followed.ahead[socket] = cursor
            self._fetch(stream)

    # Events coming in

    def offer(self, entries: Sequence[tuple[str, int, str]]) -> None:
        """Events committed in this process: (stream, seq, frame text)."""
        for stream, seq, text in entries:
            followed = self.streams.get(stream)
            if followed is None:
                continue
            followed.known_head = max(followed.known_head, seq)
            if seq == followed.last + 1 and not followed.fetching and followed.last >= 0:
                self._hand_out(stream, followed, seq, frame(text))
            elif seq > followed.last:
                self._fetch(stream)

    def bell(self, heads: Mapping[str, int]) -> None:
        """Another process (or a sweep) says how far streams have come."""
        for stream, head in heads.items():
            followed = self.streams.get(stream)
            if followed is not None and head > followed.last:
                followed.known_head = max(followed.known_head, head)
                self._fetch(stream)

    def _fetch(self, stream: str) -> None:
        followed = self.streams[stream]
        if followed.fetching or followed.last < 0:
            return
        followed.fetching = True
        self._spawn(self._catch_up(stream, followed))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _catch_up(self, stream: str, followed: Followed) -> None:
        try:
            while self.streams.get(stream) is followed:
                entries = await _read(stream, followed.last, limit=REPLAY_BATCH)
                for entry in entries:
                    self._hand_out(stream, followed, entry.seq, frame(entry.frame().decode()))
                if len(entries) < REPLAY_BATCH and followed.known_head <= followed.last:
                    return
                if not entries:
                    return  # the bell came before the commit is visible; the sweep comes again
        except Exception as error:
            log.warning("could not read %s after %s: %s", stream, followed.last, error)
        finally:
            followed.fetching = False

    def _hand_out(self, stream: str, followed: Followed, seq: int, message: Frame) -> None:
        followed.last = seq
        if followed.ahead:
            self._hand_out_carefully(followed, seq, message)
        else:
            for socket in tuple(followed.sockets):
                socket.push(message)
        if stream.startswith("person:"):
            self._follow_membership(stream.removeprefix("person:"), message["text"])

    def _hand_out_carefully(self, followed: Followed, seq: int, message: Frame) -> None:
        for socket in tuple(followed.sockets):
            has = followed.ahead.get(socket, 0)
            if seq > has:
                socket.push(message)
            if seq >= has:
                followed.ahead.pop(socket, None)

    def _follow_membership(self, person: str, text: str) -> None:
        """A person's own stream says which channels their sockets follow, and when they are out."""
        if not _MEMBERSHIP.search(text):
            return
        event = orjson.loads(text)
        for socket in self.sockets_of(person):
            if event["kind"] == "access.ended":
                socket.close(ACCESS_ENDED)
            elif event["kind"] == "channel.left":
                self.unfollow(socket, f"channel:{event['payload']['channel']}")
            else:
                channel = event["payload"]["channel"]
                self._spawn(self.follow(socket, {f"channel:{channel['id']}": channel["head"]}))

    # What must never be lost for long

    async def sweep(self) -> None:
        """Compare with the log, for bells that were lost."""
        if self.streams:
            self.bell(await _heads(list(self.streams)))

    def local_listener(self, loop: asyncio.AbstractEventLoop) -> LocalListener:
        """What `events.bells` calls in the committing thread: the frames are encoded there, once a process."""

        def listener(entries: Sequence[Entry]) -> None:
            wanted = [(e.stream, e.seq, e.frame().decode()) for e in entries if e.stream in self.streams]
            if wanted and not loop.is_closed():
                loop.call_soon_threadsafe(self.offer, wanted)

        return listener
