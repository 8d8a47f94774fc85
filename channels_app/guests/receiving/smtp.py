"""Where the internet hands mail over when Roost itself is the MX: SMTP (RFC 5321), for our channels and nobody else.

Plain SMTP has one answer to the data, however many recipients there are. Each of ours has its own (a guest may write
to one channel and not to another), and no report is ever sent, which might go to whoever was forged. So a mail is taken
for one recipient at a time: servers hand it over again for the others, at once when they know the limit from EHLO
(RFC 9422), else when they try again (452; RFC 5321, 4.5.3.1.10).
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import ssl
from pathlib import Path
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from channels_app.guests.receiving.answers import Answer
from channels_app.guests.receiving.checks.checker import Checker
from channels_app.guests.receiving.checks.senders import Client
from channels_app.guests.receiving.lmtp import Connection, Full, Handler, Listener

log = logging.getLogger(__name__)

CONNECTIONS_EACH = 8  # of one address
BAD_RECIPIENTS = 5  # of one connection
MOST_COMMANDS = 500  # of each kind in one connection

ONE_BY_ONE = Answer(452, "4.5.3", "One recipient at a time, please.")
NOT_TOLD = Answer(252, "2.5.0", "Who is here is not told.")
NO_LOGIN = Answer(502, "5.5.1", "Nobody signs in here.")
TLS_ALREADY = Answer(503, "5.5.1", "TLS is in use.")
TOO_MANY_BAD = Answer(421, "4.7.0", "Too many recipients that are not here.")


class SmtpListener(Listener):
    """Listens at `address` ("host:port"), or on a socket that somebody opened for us.

    Offers STARTTLS when there is a certificate (two PEM files).
    """

    def __init__(
        self, address: str, checker: Checker, *, opened: socket.socket | None = None, certificate: Path | None = None
    ) -> None:
        """`certificate` is the folder of chain.pem and key.pem. Raises ValueError for what is no address."""
        super().__init__(address, checker)
        self._socket = opened
        self._tls = _Tls(certificate) if certificate else None

    async def start(self) -> None:
        """Raises OSError when the address can't be had."""
        if self._socket is None:
            await super().start()
            return
        self._server = await asyncio.get_running_loop().create_server(self.connection, sock=self._socket)
        log.info("taking in mail at %s", self._where)

    def has_room(self, address: str) -> bool:
        """For one more connection from an IP address."""
        whose = _network(address)
        theirs = sum(isinstance(one, SmtpConnection) and _network(one.client) == whose for one in self._open)
        return theirs < CONNECTIONS_EACH

    def _made(self) -> Connection:
        return SmtpConnection(self, self._tls.context() if self._tls else None)


def _network(address: str) -> str:
    """Who is behind an address: of version 6 everybody has a whole network (RFC 6177)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 4 or ip.ipv4_mapped:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False))


class _Tls:
    """The certificate as it is now: it may be renewed."""

    def __init__(self, folder: Path) -> None:
        self._files = folder / "chain.pem", folder / "key.pem"
        self._stamps: tuple[int, ...] = ()
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext | None:
        """None as long as there is none, or none that can be read."""
        try:
            stamps = tuple(file.stat().st_mtime_ns for file in self._files)
            if stamps != self._stamps:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*self._files)
                self._context, self._stamps = context, stamps
        except OSError as error:  # with ssl.SSLError; while one of the two is new, the old pair stays
            log.debug("no certificate for SMTP: %s", error)
        return self._context


class _SmtpHandler(Handler):
    """The recipients of a mail: one, and not many tries for it."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener)
        self._bad = 0

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        offered = await super().handle_EHLO(server, session, envelope, hostname, responses)
        return [offered[0], "250-LIMITS RCPTMAX=1", *offered[1:]]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if envelope.rcpt_tos:
            return str(ONE_BY_ONE)
        answer = await super().handle_RCPT(server, session, envelope, address, options)
        if answer.startswith("5"):
            self._bad += 1
        return str(TOO_MANY_BAD) if self.had_enough else answer

    @property
    def had_enough(self) -> bool:
        return self._bad >= BAD_RECIPIENTS


class SmtpConnection(Connection):
    """One connection from the internet; `client` is its IP address."""

    greeting = "EHLO"

    def __init__(self, listener: SmtpListener, tls: ssl.SSLContext | None) -> None:
        self._handler = _SmtpHandler(listener)
        super().__init__(listener, self._handler, tls, most_commands=MOST_COMMANDS)
        self._smtp_listener = listener
        self.client = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self.client:  # else TLS begins
            address = str(transport.get_extra_info("peername")[0])
            if not self._smtp_listener.has_room(address):
                full = Full()
                cast(asyncio.Transport, transport).set_protocol(full)
                full.connection_made(transport)
                return
            self.client = address
        super().connection_made(transport)

    @syntax("STARTTLS", when="tls_context")
    async def smtp_STARTTLS(self, arg: str) -> None:
        if self._tls_protocol is not None:
            await self.push(str(TLS_ALREADY))
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        await self.push(str(NO_LOGIN))

    async def smtp_VRFY(self, arg: str) -> None:
        await self.push(str(NOT_TOLD))

    @syntax("RCPT TO: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_RCPT(self, arg: str | None) -> None:
        await super().smtp_RCPT(arg)
        if self._handler.had_enough:
            self.hang_up()

    async def _settle(self, raw: bytes, envelope: Envelope) -> list[Answer]:
        assert self.session is not None
        client = Client(self.client, self.session.host_name or "")
        sender = envelope.mail_from or ""
        return await self._listener.intake.settle(raw, envelope.rcpt_tos, "" if sender == "<>" else sender, client)
