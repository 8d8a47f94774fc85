"""Where the mail server hands over what comes for our channels: LMTP (RFC 2033), by aiosmtpd.

After the data every recipient is answered by itself. aiosmtpd's own DATA gives one answer, keeps each line as an
object, and lets a timeout run while the mail is being settled, so `Connection` has its own. (`smtp` is its other half:
where the internet hands mail over.)
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from pathlib import Path
from typing import ClassVar, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax
from django.conf import settings

from channels_app.guests.receiving.answers import AGAIN, Answer
from channels_app.guests.receiving.checks.checker import Checker
from channels_app.guests.receiving.intake import Intake

log = logging.getLogger(__name__)

MAIL_BYTES = 50 * 1024 * 1024
BYTES_UNDER_WAY = 256 * 1024 * 1024  # of all mails that are being received or settled
CONNECTIONS = 64
RECIPIENTS = 100  # of one mail; RFC 5321, 4.5.3.1.8 asks for as many
IDLE_SECONDS = 60.0
SETTLING_SECONDS = 600.0  # how long servers wait for the answer to their data (RFC 5321, 4.5.3.2.6)
CHUNK = 64 * 1024
_PATH = re.compile(r"<([A-Za-z0-9][A-Za-z0-9_=+-]*(?:\.[A-Za-z0-9_=+-]+)*@[A-Za-z0-9.-]+)>(?: (.*))?")
_SIZE = re.compile(r"\sSIZE=(\d{1,20})(?:\s|$)", re.IGNORECASE)

TOO_BIG = Answer(552, "5.3.4", f"A mail can have at most {MAIL_BYTES // (1024 * 1024)} MB.")
CROWDED = Answer(451, "4.3.1", "Too much mail at once; try again later.")
TOO_MANY = Answer(452, "4.5.3", f"At most {RECIPIENTS} recipients at once.")


class Listener:
    """Listens at `address`: "host:port", "[::1]:24" or "unix:/path" (a socket that its owner and group may use)."""

    def __init__(self, address: str, checker: Checker | None = None) -> None:
        """Raises ValueError for what is no such address."""
        self._where = _read_address(address)
        self._server: asyncio.Server | None = None
        self._open: set[Connection] = set()
        self.intake = Intake(checker or Checker())
        self.received = 0  # bytes of what is being received

    @property
    def under_way(self) -> int:
        """Bytes of all mails that are being received or settled."""
        return self.received + self.intake.under_way

    async def start(self) -> None:
        """Raises OSError when the address can't be had."""
        loop = asyncio.get_running_loop()
        if isinstance(self._where, Path):
            self._server = await loop.create_unix_server(self.connection, self._where)
            self._where.chmod(0o660)
        else:
            host, port = self._where
            self._server = await loop.create_server(self.connection, host, port)
        log.info("taking in mail at %s", self._where)

    @property
    def port(self) -> int:
        """The port of a listener that has started; of port 0 the one it was given."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take nothing more, and come back when what was taken is settled and answered."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            connection.hang_up()
        await self.intake.close()
        if isinstance(self._where, Path):
            self._where.unlink(missing_ok=True)

    def connection(self) -> asyncio.Protocol:
        """For somebody who has come."""
        return self._made() if len(self._open) < CONNECTIONS else Full()

    def _made(self) -> Connection:
        return _LmtpConnection(self)

    def opened(self, connection: Connection) -> None:
        self._open.add(connection)

    def closed(self, connection: Connection) -> None:
        self._open.discard(connection)


def _read_address(address: str) -> tuple[str, int] | Path:
    if address.startswith("unix:/"):
        return Path(address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"not an address to listen at: {address!r} (host:port or unix:/path)")
    return host.removeprefix("[").removesuffix("]"), int(port)


class Full(asyncio.Protocol):
    """Whom we have no room for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast(asyncio.WriteTransport, transport)  # uvloop's are that without saying so
        stream.write(b"421 4.3.2 Too many connections; try again later.\r\n")
        stream.close()


class Handler:
    """What aiosmtpd asks."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        offered = [line for line in responses[:-1] if not line.startswith("250-AUTH")]
        return [*offered, "250-PIPELINING", "250 ENHANCEDSTATUSCODES"]  # RFC 2033, 5 and 6

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return str(TOO_MANY)
        why = await self._listener.intake.check(address)
        if why is not None:
            return str(why)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 There may be somebody."

    async def handle_exception(self, error: Exception) -> str:
        log.error("taking in mail: %r", error, exc_info=error)
        return str(AGAIN)


class Connection(SMTP):
    """One connection. Its reader holds at most two chunks, however long the lines are."""

    line_length_limit = CHUNK
    greeting: ClassVar[str]

    def __init__(
        self,
        listener: Listener,
        handler: Handler,
        tls: ssl.SSLContext | None = None,
        most_commands: int | None = None,
    ) -> None:
        super().__init__(
            handler,
            data_size_limit=MAIL_BYTES,
            enable_SMTPUTF8=True,
            hostname=settings.MAIL_DOMAIN,
            ident="Roost",
            tls_context=tls,
            command_call_limit=most_commands,
            timeout=IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self._listener = listener
        self._settles = self._is_last = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._listener.opened(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._listener.closed(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        """Now, or after the answer to a mail that is being settled: else it would be handed over again."""
        self._is_last = True
        if self.transport is not None and not self._settles:
            self.transport.close()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """What nearly all send is read at a glance; aiosmtpd takes each address apart as in a header."""
        plain = _PATH.fullmatch(arg)
        if plain:
            return plain[1], plain[2] or ""
        found: tuple[str | None, str | None] = super()._getaddr(arg)
        return found

    @syntax("MAIL FROM: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_MAIL(self, arg: str | None) -> None:
        size = _SIZE.search(arg or "")
        if size and int(size[1]) > MAIL_BYTES:
            await self.push(str(TOO_BIG))
            return
        await super().smtp_MAIL(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:
        if await self.check_helo_needed(self.greeting):
            return
        envelope = self.envelope
        if arg or envelope is None or not envelope.rcpt_tos:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 No recipient was taken.")
            return
        if self._listener.under_way >= BYTES_UNDER_WAY:
            await self.push(str(CROWDED))
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        received = await self._receive()
        if isinstance(received, Answer):
            answers = [received] * len(envelope.rcpt_tos)
        else:
            self._reset_timeout(SETTLING_SECONDS)
            self._settles = True
            answers = await self._settle(received, envelope)
            self._settles = False
            self._reset_timeout()
        self.envelope = self._create_envelope()
        await self.push("\r\n".join(map(str, answers)))
        if self._is_last:
            self.hang_up()

    async def _settle(self, raw: bytes, envelope: Envelope) -> list[Answer]:
        return await self._listener.intake.settle(raw, envelope.rcpt_tos, envelope.mail_from or "")

    async def _receive(self) -> bytes | Answer:
        """The data, without what makes it transparent (RFC 5321, 4.5.2); all of it is read even when it can't be taken.

        Only CRLF . CRLF ends it: who takes bare line ends for it takes two mails for one.
        """
        body, size, refused = bytearray(), 0, None
        try:
            while body != b".\r\n" and not body.endswith(b"\r\n.\r\n"):
                piece = await self._piece()
                size += len(piece)
                refused = refused or self._no_room(size, len(piece))
                self._hold(body, piece, tail=5 if refused else 0)
            return refused or _undotted(body)
        finally:
            self._listener.received -= len(body)

    def _hold(self, body: bytearray, piece: bytes, *, tail: int) -> None:
        """Add to what was received; of what can't be taken only the end is kept."""
        before = len(body)
        body += piece
        del body[: -tail or 0]
        self._listener.received += len(body) - before

    def _no_room(self, size: int, more: int) -> Answer | None:
        if size > MAIL_BYTES + 3:
            return TOO_BIG
        return CROWDED if self._listener.under_way + more > BYTES_UNDER_WAY else None

    async def _piece(self) -> bytes:
        """Some more of the data; the end of it always ends a piece."""
        self._reset_timeout()
        try:
            return await self._reader.readuntil(b".\r\n")
        except asyncio.LimitOverrunError as error:
            return await self._reader.readexactly(error.consumed)
        except asyncio.IncompleteReadError:
            raise ConnectionResetError from None


class _LmtpConnection(Connection, LMTP):
    """As mail servers speak with each other in one house."""

    greeting = "LHLO"

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener, Handler(listener))


def _undotted(body: bytearray) -> bytes:
    start = 1 if body.startswith(b".") else 0
    return bytes(body[start:-3].replace(b"\r\n.", b"\r\n"))
