"""The mail gateway, one process: it hears of what was said and carries it to guests, and takes in what they answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from functools import partial
from typing import Any

from django.conf import settings

from channels_app.chat import guests
from channels_app.guests import requests
from channels_app.guests.receiving.checks.checker import Checker
from channels_app.guests.receiving.inbox import Inbox
from channels_app.guests.receiving.lmtp import Listener
from channels_app.guests.receiving.smtp import SmtpListener
from channels_app.guests.secure import announced, outbox
from channels_app.guests.sending import rounds, signing
from channels_app.guests.sending.postman import Postman, in_thread
from channels_app.guests.sending.relay import Refused, Relay
from channels_app.guests.sharing.courier import Courier
from channels_app.letters import held
from workspace.events import bells

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.03
SWEEP_SECONDS = 5.0
TIDY_SECONDS = 60.0
RETRY_SECONDS = 0.5
REPORT_SECONDS = 120.0
STOP_SECONDS = 7.0  # of the ten that `up` takes to stop


class Gateway:
    """Runs until it is cancelled. Several may run: they lease lanes from each other.

    `smtp` is an open socket for SMTP_LISTEN, when somebody else had to open it (ports below 1024 are root's).
    """

    def __init__(self, smtp: socket.socket | None = None) -> None:
        self._postman = Postman(self.mark)
        self._courier = Courier()
        self._moved: set[str] = set()
        self._rung = asyncio.Event()
        self._asked = asyncio.Event()
        self._checker = Checker()
        self._listeners = [*self._lmtp(), *self._smtp(smtp)]
        self._inbox: Inbox | None = None

    def _lmtp(self) -> list[Listener]:
        return [Listener(settings.LMTP_LISTEN, self._checker)] if settings.LMTP_LISTEN else []

    def _smtp(self, opened: socket.socket | None) -> list[Listener]:
        certificate = settings.DATA_DIR / "mail" / "tls"
        where = settings.SMTP_LISTEN
        return [SmtpListener(where, self._checker, opened=opened, certificate=certificate)] if where else []

    async def run(self) -> None:
        """Raises `OSError` when the address for incoming mail can't be had."""
        for listener in self._listeners:
            await listener.start()
        if settings.INBOX_URL:
            self._inbox = Inbox(settings.INBOX_URL, partial(_tell, asyncio.get_running_loop()))
            self._inbox.start()
        try:
            await asyncio.gather(
                bells.hear(self._note),
                self._carry(),
                self._answer(),
                self._sweep(),
                _tidy(),
                self._postman.keep_leases(),
                self._courier.run(),
            )
        finally:
            with contextlib.suppress(TimeoutError):  # what was not answered comes again
                async with asyncio.timeout(STOP_SECONDS):
                    await asyncio.gather(
                        self._postman.close(), self._courier.close(), self._close_listeners(), self._close_inbox()
                    )

    async def _close_listeners(self) -> None:
        await asyncio.gather(*(listener.close() for listener in self._listeners))
        await asyncio.to_thread(self._checker.close)

    async def _close_inbox(self) -> None:
        if self._inbox is not None:
            await asyncio.to_thread(self._inbox.stop)

    def mark(self, stream: str) -> None:
        """There may be something for the guests of this channel."""
        self._moved.add(stream)
        self._rung.set()

    def _note(self, message: dict[str, Any]) -> None:
        for stream in message.get("heads", ()):
            if stream.startswith("channel:"):
                self.mark(stream)
                self._courier.mark(stream)
            elif stream == outbox.BELL:
                self._asked.set()

    async def _carry(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            moved, self._moved = self._moved, set()
            if not settings.SMTP_URL:
                continue  # it waits in the lanes
            try:
                for stream in await in_thread(rounds.with_guests, moved):
                    await self._postman.carry(stream)
                await asyncio.sleep(GATHER_SECONDS)  # what rings meanwhile goes together
            except Exception as error:
                log.warning("could not look for guests' mail: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _answer(self) -> None:
        """What programs wait for."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                if settings.SMTP_URL:
                    await self._postman.answer()
            except Exception as error:
                log.warning("could not answer: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _sweep(self) -> None:
        """What bells missed, lanes whose rest is over, and guests whose time is."""
        while True:
            try:
                self._asked.set()
                await in_thread(guests.expire)
                await in_thread(announced.give_up)
                for stream in await in_thread(rounds.behind):
                    self.mark(stream)
            except Exception as error:
                log.warning("could not sweep: %s", error)
            await asyncio.sleep(SWEEP_SECONDS)


async def _tidy() -> None:
    """What was held back long enough, or is settled."""
    while True:
        for expire in (requests.expire, held.expire):
            try:
                await in_thread(expire)
            except Exception as error:
                log.warning("could not tidy up: %s", error)
        await asyncio.sleep(TIDY_SECONDS)


def _tell(loop: asyncio.AbstractEventLoop, to: str, report: bytes) -> None:
    """Send a report that a mail was refused, from the inbox's thread. Raises `TryLater`."""
    asyncio.run_coroutine_threadsafe(_send_report(to, report), loop).result(REPORT_SECONDS)


async def _send_report(to: str, report: bytes) -> None:
    """Reports have no sender, so that nobody answers them (RFC 5321, 4.5.5)."""
    relay = Relay()
    try:
        await relay.send("", to, signing.signed(report) if settings.DKIM_SIGN else report)
    except Refused as refused:
        log.info("a report for %s was refused: %s", to, refused)
    finally:
        relay.close()
