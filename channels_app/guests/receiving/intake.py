"""Mails settled in threads: those that come while others are being settled go together, and big ones by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

from channels_app.guests.receiving import addressed, inwards
from channels_app.guests.receiving.answers import Answer
from channels_app.guests.receiving.arrived import SMALL
from channels_app.guests.receiving.checks.checker import Checker
from channels_app.guests.receiving.checks.resolving import Unresolved
from channels_app.guests.receiving.checks.senders import Client
from channels_app.guests.receiving.inwards import Delivery

log = logging.getLogger(__name__)

UNRESOLVED = Answer(451, "4.4.3", "DNS does not say at the moment who may have sent this; try again later.")
THREADS = 2  # for small mails, and as many for big ones
TOGETHER = 50
# So long mails wait for the ones before, to go together, until another thread takes them.
PATIENCE = 0.05


class Intake:
    """The mails that are being settled in one event loop; `under_way` are their bytes."""

    def __init__(self, checker: Checker) -> None:
        self.under_way = 0
        self._checker = checker
        self._settling: set[asyncio.Future[list[Answer]]] = set()
        self._small = _Queue(TOGETHER)
        self._big = _Queue(1)
        self._asked = ThreadPoolExecutor(1, thread_name_prefix="lmtp-rcpt")

    async def check(self, recipient: str) -> Answer | None:
        """As `inwards.check`."""
        if addressed.is_surely_here(recipient):
            return None
        return await asyncio.get_running_loop().run_in_executor(self._asked, _check, recipient)

    async def settle(
        self, raw: bytes, recipients: Sequence[str], sender: str, client: Client | None = None
    ) -> list[Answer]:
        """Settle a mail, which `client` handed over when it came from the internet.

        When whoever waits is cancelled that goes on, and its bytes count until it is over.
        """
        work = asyncio.ensure_future(self._settled(raw, tuple(recipients), sender, client))
        self._settling.add(work)
        self.under_way += len(raw)

        def done(work: asyncio.Future[list[Answer]]) -> None:
            self._settling.discard(work)
            self.under_way -= len(raw)

        work.add_done_callback(done)
        return await asyncio.shield(work)

    async def _settled(self, raw: bytes, recipients: Sequence[str], sender: str, client: Client | None) -> list[Answer]:
        try:
            checked = await self._checker.check(raw, sender, client)
        except Unresolved as why:
            log.info("a mail of %s has to wait: %s", sender or "nobody", why)
            return [UNRESOLVED] * len(recipients)
        queue = self._small if len(raw) <= SMALL else self._big
        return await queue.put(Delivery(raw, sender, recipients, checked))

    async def close(self) -> None:
        """Returns when all is settled."""
        while self._settling:
            await asyncio.wait(self._settling)
        await asyncio.gather(self._small.close(), self._big.close())
        await asyncio.to_thread(self._asked.shutdown)


class _Queue:
    """Mails that wait for a thread. It is bounded by whoever fills it: one mail a connection."""

    def __init__(self, together: int) -> None:
        self._together = together
        self._waiting: deque[tuple[Delivery, asyncio.Future[list[Answer]]]] = deque()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lmtp")
        self._tasks: set[asyncio.Task[None]] = set()
        self._working = 0  # of the tasks, those that will look at what waits once more

    def put(self, mail: Delivery) -> asyncio.Future[list[Answer]]:
        answers: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self._waiting.append((mail, answers))
        if not self._working:
            self._start()
        elif self._working < THREADS:
            asyncio.get_running_loop().call_later(PATIENCE, self._help, mail)
        return answers

    def _start(self) -> None:
        self._working += 1
        task = asyncio.create_task(self._work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _help(self, mail: Delivery) -> None:
        """Another worker, when this mail waits still."""
        if self._working < THREADS and any(waiting is mail for waiting, _ in self._waiting):
            self._start()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._together, len(self._waiting)))]
                try:
                    found = await loop.run_in_executor(self._threads, _take_in, [mail for mail, _ in batch])
                except Exception as error:
                    for _, answers in batch:
                        answers.set_exception(error)
                else:
                    for (_, answers), said in zip(batch, found, strict=True):
                        answers.set_result(said)
        finally:  # before anybody else runs: what is put from now on needs another one
            self._working -= 1

    async def close(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.to_thread(self._threads.shutdown)


def _check(recipient: str) -> Answer | None:
    with _database():
        return inwards.check(recipient)


def _take_in(mails: Sequence[Delivery]) -> list[list[Answer]]:
    with _database():
        return inwards.take_in_all(mails)


@contextlib.contextmanager
def _database() -> Iterator[None]:
    """A connection that broke is not used again, and a good one goes back to the pool."""
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
