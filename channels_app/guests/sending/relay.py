"""The server that takes our mail (SMTP_URL), by a few connections that everything in one event loop shares."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
from django.conf import settings

from workspace.events.lanes import TryLater

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 45.0
IDLE_SECONDS = 20.0
_SENDABLE = re.compile(r"[^\s<>@\x00-\x1f]+@[^\s<>@\x00-\x1f]+")


class Refused(Exception):
    """The server will never take this mail for this address; its words."""


class Relay:
    """At most `SMTP_CONNECTIONS` connections; a broken one is thrown away."""

    def __init__(self) -> None:
        self._free: list[tuple[aiosmtplib.SMTP, float]] = []
        self._room = asyncio.Semaphore(settings.SMTP_CONNECTIONS)

    async def send(self, sender: str, to: str, content: bytes) -> None:
        """Hand a mail over. Raises `TryLater` (not now, or nobody knows whether it was taken), `Refused` (never)."""
        if not _SENDABLE.fullmatch(to):
            raise Refused("This is no address that mail can be sent to.")
        async with self._connection() as client:
            # aiosmtplib's own way takes every address apart four times, which costs as much as all the rest.
            await self._ask(client, b"MAIL", b"FROM:<%s>" % sender.encode("ascii"), *_utf8(client, to))
            await self._ask(client, b"RCPT", b"TO:<%s>" % to.encode())
            try:
                await client.data(content, timeout=ANSWER_SECONDS)
            except aiosmtplib.SMTPDataError as error:
                raise (Refused if error.code >= 500 else TryLater)(f"{error.code} {error.message}") from None

    async def _ask(self, client: aiosmtplib.SMTP, verb: bytes, *words: bytes) -> None:
        """RFC 5321: 5yz is for ever, 4yz for now; of the sender even 5yz says nothing of the one it goes to."""
        answer = await client.execute_command(verb, *words, timeout=ANSWER_SECONDS)
        if answer.code < 300:
            return
        if client.is_connected:
            await client.rset(timeout=ANSWER_SECONDS)
        for_ever = answer.code >= 500 and verb == b"RCPT"
        raise (Refused if for_ever else TryLater)(f"{answer.code} {answer.message}")

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        async with self._room:
            try:
                client = await self._take()
                try:
                    yield client
                except (Refused, TryLater):  # the server's answer, after which the connection is as good as before
                    self._free.append((client, time.monotonic()))
                    raise
                except BaseException:
                    client.close()
                    raise
            except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
                raise TryLater(f"{_where()}: {str(error) or type(error).__name__}") from None
            self._free.append((client, time.monotonic()))

    async def _take(self) -> aiosmtplib.SMTP:
        while self._free:
            client, used = self._free.pop()
            if client.is_connected and time.monotonic() - used < IDLE_SECONDS:
                return client
            client.close()
        client = connector()
        await client.connect(timeout=CONNECT_SECONDS)
        if client.is_ehlo_or_helo_needed:  # it says it by itself only to learn of STARTTLS
            await client.ehlo(timeout=ANSWER_SECONDS)
        return client

    def close(self) -> None:
        """Let go of what is free."""
        free, self._free = self._free, []
        for client, _ in free:
            client.close()


def _utf8(client: aiosmtplib.SMTP, to: str) -> list[bytes]:
    """RFC 6531, for addresses that need it. Raises `Refused` when the server can't."""
    if to.isascii():
        return []
    if not client.supports_extension("smtputf8"):
        raise Refused(f"{_where()} can't send to addresses that are not written in ASCII.")
    return [b"SMTPUTF8"]


def _where() -> str:
    return f"the mail relay {urlsplit(settings.SMTP_URL).hostname or '(SMTP_URL)'}"


def connector() -> aiosmtplib.SMTP:
    """`smtp://[user:password@]host[:port][?starttls=required|never]`, or `smtps://` for TLS from the first byte."""
    url = urlsplit(settings.SMTP_URL)
    secure = url.scheme == "smtps"
    start = parse_qs(url.query).get("starttls", [""])[0]
    return aiosmtplib.SMTP(
        hostname=url.hostname,
        port=url.port or (465 if secure else 25),
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        use_tls=secure,
        # Not said: TLS where the server offers it. Without a password a wrong certificate is better than none at all.
        start_tls=None if secure else {"required": True, "never": False}.get(start),
        validate_certs=bool(secure or url.username or start == "required"),
        local_hostname=settings.MAIL_DOMAIN,
        timeout=ANSWER_SECONDS,
    )
