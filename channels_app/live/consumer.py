"""One WebSocket, from handshake to close.

    connecting --cookie or Authorization--> welcomed --resume, or 1 s--> live
        |--one that holds no more--> closed 4401
        '--no sign-in--> waiting for an auth frame --10 s--> closed 4401
    live --access ended--> closed 4403 · --too slow--> closed 4408 · --server stops, or a sign-in ended--> closed 1012

Between hello and the first frame of the client (or 1 s) events are held, so that a client that resumes gets what it
missed before what is new. A resume replays each stream after the cursor, in order, then goes on live.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import orjson
from channels.consumer import AsyncConsumer
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from django.conf import settings

from channels_app.chat import access
from channels_app.live import calls, process
from channels_app.live.socket import Socket, frame
from workspace.events import log as event_log
from workspace.events.refusal import Refusal
from workspace.people import shapes
from workspace.people.models import Person
from workspace.signin import sessions, tokens

AUTH_SECONDS = 10.0
HOLD_SECONDS = 1.0  # longer than the way to a client and back
MOST_CALLS = 64  # in flight for one socket; more wait in its connection
TYPING_SECONDS = 1.0
MOST_RESUMED = 5_000
FRAME_LIMIT = 65_536
_STREAM = re.compile(r"[a-z]{1,16}:[0-9A-Za-z]{1,32}")

Identify = Callable[[], Person | None]


def _welcome(identify: Identify) -> tuple[Person, dict[str, int]] | None:
    """Who a socket speaks for, and the heads of what they follow; None for nobody.

    Looked at twice: a sign-in that ends after the heads were read is told by an event after them (`session.ended`).
    """
    person = identify()
    if person is None:
        return None
    heads = event_log.heads(access.streams(person))
    return (person, heads) if identify() is not None else None


_welcomed = database_sync_to_async(_welcome, thread_sensitive=False)
_followable = database_sync_to_async(access.followable, thread_sensitive=False)
_channel = database_sync_to_async(access.channel, thread_sensitive=False)


class LiveConsumer(AsyncConsumer):
    """See the module's picture."""

    # The channel layer is a doorbell for the whole process; a member for each socket would be its end.
    channel_layer_alias = "no layer"

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As Channels does, but without its hop into a thread for each frame to look after a database connection.

        Nothing here uses one in the event loop; what runs in threads looks after its own.
        """
        await getattr(self, message["type"].replace(".", "_"))(message)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        self.process = process.current()
        self.socket = Socket(self.base_send, self._closed)
        self.person: Person | None = None
        self.heads: dict[str, int] | None = None
        self.calls: set[asyncio.Task[None]] = set()
        self.room_for_calls = asyncio.Semaphore(MOST_CALLS)
        self.typed: dict[str, float] = {}
        await self.base_send({"type": "websocket.accept"})
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.scope["headers"]}
        welcome = await _welcomed(partial(sessions.person_of_socket, headers, use_cookie=_same_origin(headers)))
        if welcome is not None:
            self._enter(*welcome)
        elif sessions.names_somebody(headers, use_cookie=_same_origin(headers)):
            self.socket.close(4401)  # a sign-in that holds no more: nobody has to wait to hear that
        else:
            self.timer = asyncio.get_running_loop().call_later(AUTH_SECONDS, self.socket.close, 4401)

    def _enter(self, person: Person, heads: dict[str, int]) -> None:
        self.person, self.heads = person, heads
        self.socket.person, self.socket.org, self.socket.role = person.id, person.org_id, person.role
        self.socket.since = heads.get(person.stream, 0)
        self.process.hub.enter(self.socket)
        hello = {
            "type": "hello",
            "person": shapes.person(person),
            "org": shapes.org(person.org),
            "streams": self.heads,
            "presence": {} if person.is_guest else self.process.presence.of(person.org_id),
        }
        self._push(hello)
        loop = asyncio.get_running_loop()
        self.timer = loop.call_later(HOLD_SECONDS, lambda: self._spawn(self._release({})))

    async def _release(self, cursors: dict[str, int]) -> None:
        """End the holding: everything live, from the given cursors or from hello's heads."""
        if self.heads is not None:
            cursors, self.heads = {**self.heads, **cursors}, None
        if cursors:
            await self.process.hub.follow(self.socket, cursors)

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        text = message.get("text")
        if text is None or len(text) > FRAME_LIMIT:
            if text is not None or len(message.get("bytes") or b"") > FRAME_LIMIT:
                self.socket.close(1009)
                return
            self._error("malformed", "Send text frames.")
            return
        try:
            received = orjson.loads(text)
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            self._error("malformed", "This frame is not JSON.")
            return
        if not isinstance(received, dict) or not isinstance(received.get("type"), str):
            self._error("malformed", "A frame is an object with a type.")
            return
        await self._take(received["type"], received)

    async def _take(self, kind: str, received: dict[str, Any]) -> None:
        if self.person is None:
            await self._sign_in(kind, received)
            return
        handler = HANDLERS.get(kind)
        if handler is None:
            self._error("unknown_type", f"There is no frame type {kind[:40]!r}.")
            return
        if self.heads is not None and kind != "resume":
            await self._release({})
        await handler(self, received)

    async def _sign_in(self, kind: str, received: dict[str, Any]) -> None:
        if kind != "auth" or not isinstance(received.get("token"), str):
            self._error("not_signed_in", "Send an auth frame first.")
            return
        welcome = await _welcomed(partial(tokens.person_of, received["token"]))
        self.timer.cancel()
        if welcome is None:
            self.socket.close(4401)
        else:
            self._enter(*welcome)

    async def on_auth(self, received: dict[str, Any]) -> None:
        self._error("signed_in", "This socket is signed in already.")

    async def on_ping(self, received: dict[str, Any]) -> None:
        self._push({"type": "pong"})

    async def on_resume(self, received: dict[str, Any]) -> None:
        cursors = received.get("streams")
        if not isinstance(cursors, dict) or len(cursors) > MOST_RESUMED or not all(map(_is_seq, cursors.values())):
            self._error("malformed", "resume takes streams: {key: seq}.")
            return
        self.timer.cancel()
        known = cursors.keys() & {*(self.heads or ()), *self.socket.streams}
        if asked := [stream for stream in cursors if stream not in known and _STREAM.fullmatch(stream)]:
            known |= await _followable(self.person, asked)
        for stream in cursors:
            if stream not in known:
                self._error("not_found", f"There is no stream {stream[:40]!r}.")
        # In its own task: a replay may be long, and calls go on meanwhile.
        self._spawn(self._release({stream: seq for stream, seq in cursors.items() if stream in known}))

    async def on_typing(self, received: dict[str, Any]) -> None:
        channel, thread = received.get("channel"), received.get("thread")
        if not isinstance(channel, str) or not (thread is None or isinstance(thread, str)):
            self._error("malformed", "typing takes a channel.")
            return
        if f"channel:{channel}" not in self.socket.streams:
            self._error("not_found", "There is no such channel.")
            return
        now = time.monotonic()
        if now - self.typed.get(channel, -TYPING_SECONDS) < TYPING_SECONDS:
            return
        self.typed = {channel: now}
        try:  # who merely looks into an open channel follows it too
            await _channel(self.person, channel, "channel.type")
        except Refusal as refusal:
            self._error(refusal.code, refusal.message)
            return
        await self.process.typing(self.socket, channel, thread[:32] if thread else None)

    async def on_call(self, received: dict[str, Any]) -> None:
        id, method = received.get("id"), received.get("method")
        if not isinstance(id, str | int) or not isinstance(method, str) or len(str(id)) > 80:
            self._error("malformed", "call takes id, method and params.")
            return
        await self.room_for_calls.acquire()
        self._spawn(self._call(id, method, received.get("params")))

    async def _call(self, id: str | int, method: str, params: Any) -> None:
        try:
            assert self.person is not None
            self._push({"type": "reply", "id": id, **await calls.answer(self.person, method, params)})
        finally:
            self.room_for_calls.release()

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        self.socket.closed = True
        self._closed(self.socket)
        raise StopConsumer()

    def _closed(self, socket: Socket) -> None:
        timer = getattr(self, "timer", None)
        if timer is not None:
            timer.cancel()
        self.process.hub.leave(socket)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.calls.add(task)
        task.add_done_callback(self.calls.discard)

    def _push(self, message: dict[str, Any]) -> None:
        self.socket.push(frame(orjson.dumps(message).decode()))

    def _error(self, code: str, message: str) -> None:
        self._push({"type": "error", "code": code, "message": message})


def _is_seq(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


HANDLERS = {
    "auth": LiveConsumer.on_auth,
    "ping": LiveConsumer.on_ping,
    "resume": LiveConsumer.on_resume,
    "typing": LiveConsumer.on_typing,
    "call": LiveConsumer.on_call,
}


def _same_origin(headers: dict[str, str]) -> bool:
    """Cookies count only when the page that opens the socket is ours (a foreign page sends them too)."""
    origin = headers.get("origin", "")
    return bool(origin) and (origin == settings.ROOST_URL or urlsplit(origin).netloc == headers.get("host", ""))
