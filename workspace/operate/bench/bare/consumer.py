"""A bare Channels consumer: a call is one durable INSERT, a reply, and the same frame to every socket.

Its frames have as many bytes as Roost's.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import orjson
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from psycopg_pool import AsyncConnectionPool

TABLE = """
CREATE TABLE IF NOT EXISTS bare_post (
  id bigserial PRIMARY KEY, channel text, author text, text text, at timestamptz)
"""
INSERT = "INSERT INTO bare_post (channel, author, text, at) VALUES (%s, %s, %s, now()) RETURNING id"
CONNECTIONS = 8

SOMEBODY, AT = "VbuL7S2BvnPpWPKq", "2026-11-24T16:12:17.226Z"
EVENT = {
    "type": "event",
    "stream": f"channel:{SOMEBODY}",
    "seq": 0,
    "kind": "message.posted",
    "actor": SOMEBODY,
    "origin": "web",
    "payload": {},
    "at": AT,
}

_sockets: set[Any] = set()
_pool: AsyncConnectionPool | None = None
_calls: set[asyncio.Task[None]] = set()


async def _connections() -> AsyncConnectionPool:
    global _pool
    if _pool is None:
        _pool = AsyncConnectionPool(
            os.environ["DATABASE_URL"], min_size=CONNECTIONS, open=False, kwargs={"autocommit": True}
        )
        await _pool.open(wait=True)
        async with _pool.connection() as connection:
            await connection.execute(TABLE)
    return _pool


class BareConsumer(AsyncConsumer):
    """No permissions, no events, no validation."""

    channel_layer_alias = "no layer"

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        await _connections()
        await self.base_send({"type": "websocket.accept"})
        _sockets.add(self.base_send)

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        call = asyncio.create_task(self._post(orjson.loads(message["text"])))
        _calls.add(call)
        call.add_done_callback(_calls.discard)

    async def _post(self, call: dict[str, Any]) -> None:
        params = call["params"]
        async with (await _connections()).connection() as connection:
            found = await connection.execute(INSERT, [params["channel"], "somebody", params["text"]])
            row = await found.fetchone()
        message = _message(row[0] if row else 0, params)
        event = {**EVENT, "seq": message["seq"], "payload": {"message": message}}
        reply = {"type": "reply", "id": call["id"], "result": message}
        await self.base_send({"type": "websocket.send", "text": orjson.dumps(reply).decode()})
        frame = {"type": "websocket.send", "text": orjson.dumps(event).decode()}
        for send in tuple(_sockets):
            await send(frame)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        _sockets.discard(self.base_send)
        raise StopConsumer()


def _message(seq: int, params: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": SOMEBODY,
        "client_id": params["client_id"],
        "seq": seq,
        "channel": params["channel"],
        "thread": None,
        "also_to_channel": False,
        "author": SOMEBODY,
        "author_name": "somebody",
        "text": params["text"],
        "html": f"<p>{params['text']}</p>\n",
        "files": [],
        "reactions": [],
        "mentions": [],
        "mentions_all": None,
        "edited_at": None,
        "deleted": False,
        "pinned": None,
        "replies": None,
        "origin": "web",
        "quoted": None,
        "created_at": AT,
    }


application = BareConsumer.as_asgi()  # type: ignore[no-untyped-call]
