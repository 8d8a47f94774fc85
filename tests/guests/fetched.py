"""What came of a fetch."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync


def body(response: Any) -> bytes:
    """The bytes of an answer, whether it came in pieces or whole."""

    async def pieces() -> bytes:
        return b"".join([piece async for piece in response])

    return async_to_sync(pieces)() if response.streaming else response.content
