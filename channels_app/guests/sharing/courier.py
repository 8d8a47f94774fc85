"""Carries what waits for the other sides of shares, by the server that takes our mail: each lane in its own order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

from django.conf import settings

from channels_app.guests.sending.postman import in_thread
from channels_app.guests.sending.relay import Refused, Relay
from channels_app.guests.sharing import rounds
from channels_app.guests.sharing.notes import Ready
from channels_app.guests.sharing.rounds import Due, Round
from workspace.events import lanes
from workspace.events.lanes import Step, TryLater

log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
RENEW_SECONDS = 5.0
STOP_SECONDS = 5.0
MOST_LANES = 100


class Courier:
    """Runs until it is cancelled. Several may run: they lease lanes from each other."""

    def __init__(self) -> None:
        self._relay = Relay()
        self._moved: set[str] = set()
        self._rung = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._sweep_at = 0.0

    def mark(self, stream: str) -> None:
        """There may be something for who shares this channel."""
        self._moved.add(stream)
        self._rung.set()

    async def run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._rung.wait()
            self._rung.clear()
            if not settings.SMTP_URL:
                continue  # it waits
            try:
                await self.look()
            except Exception as error:
                log.warning("could not look for what is shared: %s", error)
                await asyncio.sleep(RENEW_SECONDS)

    async def look(self) -> None:
        """Set out with all that may go now; returns before it has arrived.

        Most channels are shared with nobody: at their bells nothing more is looked for than that.
        """
        moved, self._moved = self._moved, set()
        shared = await in_thread(rounds.with_shares, moved) if moved else []
        if not shared and time.monotonic() < self._sweep_at:
            return
        self._sweep_at = time.monotonic() + SWEEP_SECONDS
        streams = {*shared, *await in_thread(rounds.behind)}
        for stream in streams:
            for round in await in_thread(rounds.gather, stream):
                await self._start(self._carry(round))
        for due in await in_thread(rounds.due):
            await self._start(self._tell(due))

    async def _start(self, work: asyncio._CoroutineLike[None]) -> None:
        while len(self._under_way) >= MOST_LANES:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """Let the mails under way be answered, but for those that take too long: they may go out twice."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=STOP_SECONDS)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._relay.close()

    async def _carry(self, round: Round) -> None:
        try:
            async with _kept(round.lane.id):
                if await self._deliver(round):
                    self.mark(round.share.channel.stream if round.share.channel else "")
        except Exception:
            # The database, mostly: the lane is free again when its lease is over.
            log.exception("could not carry %s", round.lane.subscriber)

    async def _deliver(self, round: Round) -> bool:
        """Send a lane's mails in order; whether there may be more at once."""
        lane, sent = round.lane, round.share.sent
        while True:
            try:
                mail = await in_thread(next, round.mails, None)
                if mail is None:
                    break
                await self._send(mail.ready)
            except (TryLater, Refused) as trouble:
                # Nothing is left out: what can't be taken holds up what follows until it can be, or is deleted.
                attempts = lane.attempts + 1
                step = Step(lane.id, sent, lanes.pause_after(attempts), attempts, str(trouble))
                return not await in_thread(rounds.moved, round, step, before=sent, sent=sent)
            step = Step(lane.id, mail.seq, wait=None)
            if not await in_thread(rounds.moved, round, step, before=sent, sent=mail.seq):
                return True
            sent = mail.seq
        await in_thread(rounds.moved, round, Step(lane.id, round.end), before=sent, sent=sent)
        return True

    async def _tell(self, due: Due) -> None:
        try:
            if due.ready is not None:
                await self._send(due.ready)
        except (TryLater, Refused) as trouble:
            await in_thread(rounds.failed, due, str(trouble), for_ever=isinstance(trouble, Refused))
        else:
            await in_thread(rounds.written, due)

    async def _send(self, ready: Ready) -> None:
        await self._relay.send(ready.sender, ready.to, ready.mail)


@contextlib.asynccontextmanager
async def _kept(lane: int) -> AsyncIterator[None]:
    """The lease is renewed as long as this goes on."""
    task = asyncio.create_task(_renew(lane))
    try:
        yield
    finally:
        task.cancel()


async def _renew(lane: int) -> None:
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        try:
            await in_thread(lanes.renew, [lane], seconds=rounds.LEASE_SECONDS)
        except Exception as error:
            log.warning("could not renew a lease: %s", error)
