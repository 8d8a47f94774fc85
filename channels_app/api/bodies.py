"""How much of a request's body is taken in: no more than any endpoint has use for, whatever its headers say.

Django spools a whole body before it looks at the request. Here the bytes are counted as they come; one too many, or a
Content-Length that says there will be, is answered with 413 at once, and what the client still sends is thrown away.
What comes is UTF-8, whatever it says of itself: Django would decode with any codec that Python has.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from django.conf import settings

from channels_app.files.uploads import too_large
from workspace.events.refusal import TooLarge

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

UPLOADS = "/api/v1/files"
# Boundaries, part headers and the other fields of a form around a file.
FORM_ROOM = 64 * 1024
# A client that is still sending reads the answer only when its connection is not reset.
LINGER_SECONDS = 5.0
_CHARSET = re.compile(rb""";\s*charset\s*=\s*("[^"]*"|[^;]*)""", re.IGNORECASE)


class LimitedBodies:
    """ASGI: an application whose requests have bodies of a bounded size."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body({**scope, "headers": [_without_charset(*header) for header in scope["headers"]]}, receive)
        try:
            body.check_announced()
            await self._app(body.scope, body.receive, send)
        except TooLarge as error:
            await _refuse(error, receive, send)


def _without_charset(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    return name, _CHARSET.sub(b"", value) if name == b"content-type" else value


class _Body:
    """The body of one request, counted."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self._receive = receive
        self._size = 0
        self._ended = False
        upload = scope["path"] == UPLOADS
        self._limit = settings.UPLOAD_LIMIT + FORM_ROOM if upload else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        self._refusal = too_large() if upload else TooLarge(f"A request can have at most {self._limit:,} bytes.")

    def check_announced(self) -> None:
        """Raises `TooLarge` when the Content-Length is."""
        for name, value in self.scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._limit:
                raise self._refusal

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and not self._ended:
            self._size += len(message.get("body", b""))
            if self._size > self._limit:
                raise self._refusal
            self._ended = not message.get("more_body", False)
            if self._ended:
                self._say_length()
        return message

    def _say_length(self) -> None:
        """Django takes a body without a length (chunked, RFC 9112 section 7.1) for an empty one."""
        headers = self.scope["headers"]
        if self._size and not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(self._size).encode()))


async def _refuse(error: TooLarge, receive: Receive, send: Send) -> None:
    content = orjson.dumps({"error": error.body()})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": True})
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            await _discard(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _discard(receive: Receive) -> None:
    more = True
    while more:
        message = await receive()
        more = message["type"] == "http.request" and message.get("more_body", False)
