"""Where a mail server hands in what is for channels: LMTP (RFC 2033), an answer for each recipient of each mail."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import close_old_connections

from channels_app.guests import inwards, places
from channels_app.guests.inwards import LATER, LIMITS, NO_PLACE, Answer
from workspace.events.statement import AWAY

log = logging.getLogger(__name__)

THREADS = 4
MOST_CONNECTIONS = 64
MOST_RECIPIENTS = 100
IDLE_SECONDS = 120.0
# Of all mails that are being read or taken in.
MOST_BYTES = 256 * 1024 * 1024
BUSY = Answer(451, "4.3.2 Too much at once; please try again")


class Listener:
    """Listens at `host:port` or `unix:/path` until it is closed."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lmtp")
        self._connections: set[LMTP] = set()
        self._bytes = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Raises `OSError` when the address can't be had."""
        loop = asyncio.get_running_loop()
        host, _, port = self._address.rpartition(":")
        if host == "unix":
            self._server = await loop.create_unix_server(self._connection, port)
        else:
            self._server = await loop.create_server(self._connection, host.strip("[]"), int(port))

    async def close(self) -> None:
        """No more connections; a mail under way is still answered."""
        if self._server is not None:
            self._server.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _connection(self) -> LMTP:
        connection = _Connection(self)
        self._connections.add(connection)
        return connection

    def opened(self) -> bool:
        """Whether there is room for one more connection."""
        return len(self._connections) <= MOST_CONNECTIONS

    def lost(self, connection: LMTP) -> None:
        self._connections.discard(connection)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        answer = await self._in_thread(_known, address)
        if answer is None:
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 OK"
        return str(answer)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = cast(bytes, envelope.original_content)
        if self._bytes + len(raw) > MOST_BYTES:
            return "\r\n".join([str(BUSY)] * len(envelope.rcpt_tos))
        self._bytes += len(raw)
        try:
            answers = [
                str(await self._in_thread(_take_in, raw, to, envelope.mail_from or "")) for to in envelope.rcpt_tos
            ]
        finally:
            self._bytes -= len(raw)
        return "\r\n".join(answers)

    async def _in_thread(self, verb: Any, *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _with_connection, verb, *given)


class _Connection(LMTP):
    """One client's connection, counted."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(
            listener,
            data_size_limit=LIMITS.size,
            enable_SMTPUTF8=True,
            ident="Roost",
            timeout=IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._listener.opened():
            cast(asyncio.Transport, transport).write(b"421 4.3.2 Too many connections\r\n")
            transport.close()
            self._listener.lost(self)
            return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._listener.lost(self)
        if self.transport is not None:
            super().connection_lost(error)


def _known(address: str) -> Answer | None:
    """Why an address is none of ours, before the mail itself is sent."""
    try:
        return None if places.find(address) is not None else NO_PLACE
    except AWAY:
        return LATER


def _take_in(raw: bytes, recipient: str, sender: str) -> Answer:
    return inwards.take_in(raw, recipient=recipient, sender=sender)


def _with_connection(verb: Any, *given: Any) -> Any:
    try:
        return verb(*given)
    finally:
        close_old_connections()
