"""The signature of what leaves: by one key, for MAIL_DOMAIN; none where the relay signs (DKIM_SIGN).

From is at a subdomain of it, the organization's. DMARC takes that for aligned unless somebody asked for strictness
(RFC 7489, 3.1.1), so that one record in DNS serves all organizations, those to come too.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from channels_app.mail import ComposedLetter, Recipient, dkim, dkim_child
from workspace.events.lanes import TryLater

ANSWER_SECONDS = 30.0
STOP_SECONDS = 2.0


class Signer:
    """Signs in a process of its own, for one event loop; the process is started when it is needed, and again."""

    def __init__(self) -> None:
        self._child: Process | None = None
        self._starting = asyncio.Lock()
        self._asked: deque[asyncio.Future[bytes]] = deque()
        self._answers: asyncio.Task[None] | None = None

    async def letter(self, letter: ComposedLetter, recipient: Recipient) -> bytes:
        """The mail for one reader. Raises `TryLater` without a key that can be used."""
        if not settings.DKIM_SIGN:
            return letter.to(recipient)
        head, body = letter.head_to(recipient), letter.body_to(recipient)
        hashed = dkim.body_hash(body) if letter.links else letter.body_hash
        return b"".join((await self._field(head, hashed), head, b"\r\n", body))

    async def mail(self, mail: bytes) -> bytes:
        """Any other mail (CRLF lines). Raises as `letter`."""
        if not settings.DKIM_SIGN:
            return mail
        head, _, body = mail.partition(b"\r\n\r\n")
        return await self._field(head + b"\r\n", dkim.body_hash(body)) + mail

    async def close(self) -> None:
        """Let the process end."""
        child, self._child = self._child, None
        if child is not None and child.stdin is not None:
            child.stdin.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), STOP_SECONDS)

    async def _field(self, head: bytes, hashed: str) -> bytes:
        child = await self._running()
        assert child.stdin is not None
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        child.stdin.write(dkim_child.request(head, hashed))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                field = await answer
        except TimeoutError:
            self._forget(child)
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            raise TryLater("the process that signs does not answer") from None
        if not field:
            raise TryLater("a mail's header could not be signed")
        return field

    async def _running(self) -> Process:
        async with self._starting:
            if self._child is None or self._child.returncode is not None or self._answers is None:
                self._child = await self._start()
                self._answers = asyncio.create_task(self._read(self._child, self._asked))
            return self._child

    async def _start(self) -> Process:
        key()  # says what is wrong with it
        self._asked = deque()
        words = ("-m", dkim_child.__name__, str(settings.DKIM_KEY), settings.DKIM_SELECTOR, settings.MAIL_DOMAIN)
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable, *words, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=settings.BASE_DIR
            )
        except OSError as error:
            raise TryLater(f"nothing can be signed: {error}") from None

    async def _read(self, child: Process, asked: deque[asyncio.Future[bytes]]) -> None:
        """Hand out the answers of a process, in order, until it ends."""
        assert child.stdout is not None
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                (length,) = dkim_child.ANSWERED.unpack(await child.stdout.readexactly(dkim_child.ANSWERED.size))
                field = await child.stdout.readexactly(length)
                _give(asked.popleft(), field)
        self._forget(child)
        while asked:
            _give(asked.popleft(), None)

    def _forget(self, child: Process) -> None:
        if self._child is child:
            self._child = None


def _give(answer: asyncio.Future[bytes], field: bytes | None) -> None:
    if answer.done():
        return
    if field is None:
        answer.set_exception(TryLater("the process that signs has ended"))
    else:
        answer.set_result(field)


def signed(mail: bytes) -> bytes:
    """Any other mail (CRLF lines). Raises `TryLater` without a key that can be used."""
    return dkim.sign(mail, key())


def key() -> dkim.Key:
    """Ours. Raises `TryLater` when there is none that can be used, and says why."""
    try:
        return _key(settings.DKIM_KEY, settings.DKIM_SELECTOR, settings.MAIL_DOMAIN)
    except (OSError, ValueError) as error:
        raise TryLater(f"nothing can be signed (DKIM_KEY, DKIM_SELECTOR): {error}") from None


@lru_cache(maxsize=4)
def _key(path: Path, selector: str, domain: str) -> dkim.Key:
    return dkim.read_key(path.read_bytes(), selector=selector, domain=domain)
