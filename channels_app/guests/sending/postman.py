"""From the log into guests' mailboxes: the lanes of guests side by side, each in its own order.

waiting --leased--> under way --each mail taken, cursor written--> waiting
                       |--4yz, or no answer--> backing off, this lane alone
                       |--5yz--> counted for the address, the lane goes on; after several in a row no more is sent
                       '--guest.left, channel.deleted--> goodbye, and the lane is gone
A lane is leased and not locked, because a mail server may take a minute to answer; the lease is renewed until then, and
soon over when whoever had it dies. No mail goes out before the one before it is written down as taken, so nobody gets
more than one mail twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

from channels_app.guests import addresses, mailboxes
from channels_app.guests.models import Reply
from channels_app.guests.secure import outbox
from channels_app.guests.sending import composing, rounds
from channels_app.guests.sending.relay import Refused, Relay
from channels_app.guests.sending.rounds import Mail, Round
from channels_app.guests.sending.sealing import Sealed
from channels_app.guests.sending.signing import Signer
from channels_app.mail import ComposedLetter, Recipient
from workspace.events import lanes
from workspace.events.lanes import Step, TryLater

log = logging.getLogger(__name__)

RENEW_SECONDS = 5.0
STOP_SECONDS = 5.0
MOST_LANES = 2000
SLOW_SECONDS = 300.0
SLOW_AT_ONCE = 2
SEALED_AT_ONCE = 16  # each of these is in memory by itself

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(verb: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Work with the database beside the event loop."""

    def run() -> T:
        try:
            return verb(*given, **named)
        finally:
            close_old_connections()

    return await asyncio.to_thread(run)


@dataclass(slots=True)
class Ledger:
    """Steps of lanes that wait to be written: all that came while the last ones were, in one statement."""

    _waiting: list[tuple[Step, asyncio.Future[None]]] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None

    async def write(self, step: Step) -> None:
        """Returns when the step is committed. Raises what the database does."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((step, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                taken, self._waiting = self._waiting, []
                try:
                    await in_thread(lanes.move, [step for step, _ in taken])
                except Exception as error:
                    _end(taken, error)
                else:
                    _end(taken, None)
        finally:
            self._writing = None


def _end(taken: list[tuple[Step, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, done in taken:
        if not done.cancelled():
            done.set_exception(error) if error else done.set_result(None)


class Postman:
    """Carries the lanes of guests in one event loop. `again` is called with a stream whose guests may have more."""

    def __init__(self, again: Callable[[str], None]) -> None:
        self._again = again
        self._relay = Relay()
        self._signer = Signer()
        self._ledger = Ledger()
        self._under_way: set[asyncio.Task[None]] = set()
        self._leased: set[int] = set()
        self._closing = False
        self._slow: dict[str, float] = {}
        self._slow_room = asyncio.Semaphore(SLOW_AT_ONCE)
        self._sealing_room = asyncio.Semaphore(SEALED_AT_ONCE)

    async def carry(self, stream: str) -> None:
        """Set out with what waits for the guests of a channel; returns before it has arrived."""
        for limit in itertools.chain([rounds.LANES_AT_FIRST], itertools.repeat(rounds.LANES_AT_ONCE)):
            while len(self._under_way) > MOST_LANES:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
            ready = await in_thread(rounds.gather, stream, limit)
            for round in ready:
                task = asyncio.create_task(self._carry_one(round))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            if len(ready) < limit:
                return

    async def keep_leases(self) -> None:
        """Renew the leases of what is under way, until cancelled."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if self._leased:
                try:
                    await in_thread(lanes.renew, tuple(self._leased), seconds=rounds.LEASE_SECONDS)
                except Exception as error:
                    log.warning("could not renew leases: %s", error)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """Let the mails under way be answered, but for those that take too long: they may go out twice."""
        self._closing = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=STOP_SECONDS)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._signer.close()
        self._relay.close()

    async def _carry_one(self, round: Round) -> None:
        self._leased.add(round.lane.id)
        try:
            if await self._deliver(round):
                self._again(round.channel.stream)
        except Exception:
            # The database, mostly: the lane is free again when its lease is over.
            log.exception("could not carry %s of %s", round.lane.subscriber, round.channel.stream)
        finally:
            self._leased.discard(round.lane.id)

    async def _deliver(self, round: Round) -> bool:
        """Send a lane's mails in order; whether there may be more at once."""
        step, failing = Step(round.lane.id, round.lane.cursor), round.failing
        for number, mail in enumerate(round.mails):
            if number:  # what was taken is written down before the next one goes
                await self._ledger.write(replace(step, wait=None))
                step = replace(step, refused=0, why="")
            if self._closing:
                await self._ledger.write(step)
                return False
            try:
                await self._send(round, mail)
            except TryLater as trouble:
                attempts = round.lane.attempts + 1
                pause = lanes.pause_after(attempts)
                await self._ledger.write(replace(step, wait=pause, attempts=attempts, why=str(trouble)))
                return False
            except Refused as refused:
                step = replace(step, cursor=mail.seq, refused=1, why=str(refused))
                if await in_thread(mailboxes.failed, round.reader.id, str(refused)) and not round.closes:
                    await self._ledger.write(step)  # the seat is paused now: what follows is looked at anew
                    return True
            else:
                step = replace(step, cursor=mail.seq)
                if failing:
                    failing = False
                    await in_thread(mailboxes.taken, round.reader.id)
        if round.closes:
            await in_thread(rounds.close, round.lane)
            return False
        await self._ledger.write(replace(step, cursor=round.end, wait=round.wait, why=round.why or step.why))
        return not round.wait

    async def answer(self) -> None:
        """Send what answers programs' mails, several at once; each that can't go now comes again later."""
        while replies := await in_thread(outbox.take):
            await asyncio.gather(*map(self._answer, replies))

    async def _answer(self, reply: Reply) -> None:
        try:
            await self._relay.send(reply.sender, reply.to, await self._signer.mail(bytes(reply.content)))
        except TryLater as trouble:
            log.info("an answer to %s has to wait: %s", reply.to, trouble)
            await in_thread(outbox.put_off, reply)
        except Refused as refused:
            log.info("an answer to %s was refused: %s", reply.to, refused)
            await in_thread(outbox.settled, reply)
        else:
            await in_thread(outbox.settled, reply)

    async def _written(self, letter: ComposedLetter | Sealed, recipient: Recipient) -> bytes:
        """The mail; to encrypt it takes too long for the event loop. Raises `Refused` for a key that can't be used."""
        if isinstance(letter, ComposedLetter):
            return await self._signer.letter(letter, recipient)
        try:
            return await self._signer.mail(await asyncio.to_thread(letter.to, recipient))
        except ValueError as error:
            raise Refused(f"Nothing can be encrypted to this guest's key: {error}") from None

    async def _send(self, round: Round, mail: Mail) -> None:
        channel, reader = round.channel, round.reader
        letter, recipient = mail.letter, composing.recipient(channel, reader)
        sender, provider = addresses.bounce_to(channel, reader.id), reader.email.rpartition("@")[2]
        if self._slow.get(provider, 0.0) < time.monotonic():
            await self._watched(provider, sender, letter, recipient)
        else:
            async with self._slow_room:  # providers that don't answer wait for each other, nobody for them
                await self._watched(provider, sender, letter, recipient)

    async def _watched(self, provider: str, sender: str, letter: ComposedLetter | Sealed, recipient: Recipient) -> None:
        try:
            async with self._sealing_room if isinstance(letter, Sealed) else contextlib.nullcontext():
                await self._relay.send(sender, recipient.to.email, await self._written(letter, recipient))
        except TryLater:
            self._slow[provider] = time.monotonic() + SLOW_SECONDS
            raise
        self._slow.pop(provider, None)
