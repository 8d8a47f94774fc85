"""Fan-out in one process: which socket follows which stream, and every event to each of them once, in order.

For each stream somebody here follows, the hub knows `last`, the number it handed out last. An event with the
next number goes out at once; anything else (a bell from another process, two commits that overtook each other) makes
the hub read what lies between from the log. A socket is given a stream live only when its replay has reached `last`.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from channels.db import database_sync_to_async

from channels_app.chat import access
from channels_app.live.socket import TOO_SLOW, Frame, Socket, frame
from workspace.events import log as event_log
from workspace.events.log import Entry, Span

log = logging.getLogger(__name__)

REPLAY_BATCH = 200
ACCESS_ENDED, RESTART, COME_BACK = 4403, 1012, TOO_SLOW
# Events of a person's own stream, and of a channel's, that change who may follow what.
PERSONAL = ("channel.joined", "channel.left", "access.ended", "access.changed", "session.ended")
CLOSING = ("channel.changed", "channel.deleted")
# The kind stands near the beginning of a frame, before anything that people wrote.
KIND_WITHIN = 120
_ACCESS = re.compile('"kind":"(?:' + "|".join(map(re.escape, PERSONAL + CLOSING)) + ')"')

LocalListener = Callable[[Sequence[Entry]], None]

_read = database_sync_to_async(event_log.read, thread_sensitive=False)
_read_spans = database_sync_to_async(event_log.read_spans, thread_sensitive=False)
_following = database_sync_to_async(access.following, thread_sensitive=False)
_readers = database_sync_to_async(access.readers, thread_sensitive=False)
_heads = database_sync_to_async(event_log.heads, thread_sensitive=False)


@dataclass(slots=True, eq=False)
class Replay:
    """What a socket is being given of streams that are not live for it yet: the place in each of them."""

    socket: Socket
    places: dict[str, int]


@dataclass(slots=True)
class Followed:
    """A stream with followers here."""

    last: int
    sockets: set[Socket] = field(default_factory=set)
    # Sockets whose replay ran ahead of `last`: they are not given again what they have.
    ahead: dict[Socket, int] = field(default_factory=dict)
    replays: set[Replay] = field(default_factory=set)  # under way: the stream is kept for them
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
        """No more of a stream for a socket, not even the rest of a replay."""
        self._end_live(socket, stream)
        followed = self.streams.get(stream)
        if followed is not None:
            for replay in followed.replays:
                if replay.socket is socket:
                    replay.places.pop(stream, None)
            self._drop_if_unused(stream, followed)

    def _end_live(self, socket: Socket, stream: str) -> None:
        socket.streams.discard(stream)
        followed = self.streams.get(stream)
        if followed is not None:
            followed.sockets.discard(socket)
            followed.ahead.pop(socket, None)

    def _drop_if_unused(self, stream: str, followed: Followed) -> None:
        if not followed.sockets and not followed.replays:
            self.streams.pop(stream, None)

    # Following a stream

    async def follow(self, socket: Socket, cursors: Mapping[str, int]) -> None:
        """Replay each stream after its cursor, in order, then give it live. Never raises.

        A socket that can't be given what it was promised is closed, so that its client comes back: it must not fall
        silent.
        """
        replay = Replay(socket, dict(cursors))
        self._keep(replay)
        try:
            heads = await self._begin(cursors.keys())
            for stream in cursors:
                self._end_live(socket, stream)
            joined = await self._replay(replay, heads)
            if joined:
                await self._settle(socket, joined)
        except Exception as error:
            log.warning("a replay failed: %s", error)
            socket.close(COME_BACK)
        finally:
            for stream in cursors:
                followed = self.streams[stream]
                followed.replays.discard(replay)
                self._drop_if_unused(stream, followed)

    def _keep(self, replay: Replay) -> None:
        """Make sure the hub follows these streams from now on, whatever is committed meanwhile."""
        for stream in replay.places:
            self.streams.setdefault(stream, Followed(last=-1)).replays.add(replay)

    async def _begin(self, streams: Collection[str]) -> dict[str, int]:
        """The heads of streams that are kept; those that are new here go on from them."""
        heads: dict[str, int] = await _heads(list(streams))
        for stream in streams:
            followed = self.streams[stream]
            if followed.last < 0:
                followed.last = heads.get(stream, 0)
                if followed.known_head > followed.last:
                    self._fetch(stream)
        return heads

    async def _replay(self, replay: Replay, heads: Mapping[str, int]) -> dict[str, int]:
        """Send what was missed, many streams at a time.

        What of it concerns the socket's own access is answered: a channel's cursor by its stream.
        """
        joined: dict[str, int] = {}
        while not replay.socket.closed and (behind := self._behind(replay, heads)):
            entries, reached = await _read_spans(behind, limit=REPLAY_BATCH)
            for entry in entries:
                if entry.stream in replay.places:
                    await replay.socket.send(frame(entry.frame().decode()))
                    if entry.kind == "session.ended" and entry.seq > replay.socket.since:
                        replay.socket.close(RESTART)
                    joined.update(_told_of_access(entry))
            replay.places.update({stream: seq for stream, seq in reached.items() if stream in replay.places})
        return joined

    def _behind(self, replay: Replay, heads: Mapping[str, int]) -> dict[str, Span]:
        """What a socket still has to be sent; a stream of which it has all goes live."""
        spans = {}
        for stream, cursor in tuple(replay.places.items()):
            followed = self.streams[stream]
            until = max(heads.get(stream, 0), followed.last)
            if cursor < until:
                spans[stream] = Span(cursor, until)
            else:
                del replay.places[stream]
                self._go_live(replay.socket, stream, followed, cursor)
        return spans

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
        if _ACCESS.search(message["text"], 0, KIND_WITHIN):
            self._mind_access(stream, followed, seq, orjson.loads(message["text"]))

    def _hand_out_carefully(self, followed: Followed, seq: int, message: Frame) -> None:
        for socket in tuple(followed.sockets):
            has = followed.ahead.get(socket, 0)
            if seq > has:
                socket.push(message)
            if seq >= has:
                followed.ahead.pop(socket, None)

    # Who may go on

    def _mind_access(self, stream: str, followed: Followed, seq: int, event: dict[str, Any]) -> None:
        """An event that changes who may follow what: acted on before the next one goes out."""
        if stream.startswith("person:"):
            for socket in self.sockets_of(stream.removeprefix("person:")):
                self._mind_person(socket, event)
        elif event["kind"] in CLOSING:
            # Whoever only looked in may be out now, so all wait until it is known who may stay.
            sockets = tuple(followed.sockets)
            for socket in sockets:
                self.unfollow(socket, stream)
            self._spawn(self._readmit(sockets, stream, seq))

    def _mind_person(self, socket: Socket, event: dict[str, Any]) -> None:
        kind, channel = event["kind"], event["payload"].get("channel")
        if kind == "access.ended":
            socket.close(ACCESS_ENDED)
        elif kind == "access.changed" or (kind == "session.ended" and event["seq"] > socket.since):
            socket.close(RESTART)  # whose sign-in still holds comes back with it
        elif kind == "channel.left":
            self.unfollow(socket, f"channel:{channel}")
        elif kind == "channel.joined":
            self._spawn(self.follow(socket, {f"channel:{channel['id']}": channel["head"]}))

    async def _readmit(self, sockets: Sequence[Socket], stream: str, seq: int) -> None:
        try:
            people = await _readers(stream.removeprefix("channel:"), {socket.person for socket in sockets})
        except Exception as error:
            log.warning("could not see who may read %s: %s", stream, error)
            for socket in sockets:
                socket.close(COME_BACK)
            return
        for socket in sockets:
            if socket.person in people and not socket.closed:
                await self.follow(socket, {stream: seq})

    async def _settle(self, socket: Socket, joined: Mapping[str, int]) -> None:
        """After a replay that told of access: what holds now, for the events in between may contradict each other."""
        now = await _following(socket.person, tuple(socket.streams))
        if now is None:
            socket.close(ACCESS_ENDED)
        elif now.role != socket.role:
            socket.close(RESTART)
        else:
            for stream in socket.streams - now.allowed:
                self.unfollow(socket, stream)
            if fresh := {s: head for s, head in joined.items() if s in now.own and s not in socket.streams}:
                await self.follow(socket, fresh)

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


def _told_of_access(entry: Entry) -> dict[str, int]:
    """What a replayed event says of the socket's own access: a channel to follow, or "" for anything else."""
    if entry.kind not in PERSONAL and entry.kind not in CLOSING:
        return {}
    channel = entry.payload.get("channel")
    return {f"channel:{channel['id']}": channel["head"]} if isinstance(channel, dict) else {"": 0}
