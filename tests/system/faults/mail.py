"""Guests at a provider: what they write, what their mailboxes must hold in the end, and what the mail server does."""

from __future__ import annotations

import itertools
import random
import smtplib
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bed.mta import Mta, Passed, Trouble
from tests.bed.providers import Account
from tests.system.faults.doors import Refused
from tests.system.faults.kills import SELF, Killer
from tests.system.faults.ledger import Said
from tests.system.faults.world import Database, Row, own_part
from tests.system.faults.writers import Writer

LONGEST_PAUSE = 3.0  # 30 mails a minute are taken of one person in one channel
LONGEST_WAIT = 0.06  # seconds from handing a mail over to a kill: before the post is committed, or after
# Within so much of a kill nobody knows: the mail server may still read what was sent, and what was answered may not
# be written down yet.
FRESH_SECONDS = 1.0
Findings = Iterator[str]

_WAITING = """
SELECT l.subscriber, l.stream_id AS stream, s.head - l.cursor AS events, l.attempts, l.why FROM events_lane l
JOIN events_stream s ON s.key = l.stream_id WHERE starts_with(l.subscriber, 'guest:') AND s.head > l.cursor
"""
_TIME_PASSES = """
UPDATE events_lane SET due = now() WHERE starts_with(subscriber, 'guest:') AND due > now() RETURNING id
"""
_HEARD = "SELECT kind, stream FROM events_event WHERE kind = 'delivery.failed'"


class GuestWriter(Writer):
    """Writes mails into the channels, by themselves and as answers to what came last."""

    def __init__(self, account: Account, mta: Mta, addresses: Mapping[str, str], *writer: Any) -> None:
        super().__init__(account.name, *writer)
        self._account, self._mta, self._addresses = account, mta, addresses

    def write(self) -> None:
        word = self.word()
        said = Said(word, self.chance.choice(list(self._addresses)), f"{word} written at home")
        answered = self._latest() if self.chance.random() < 0.5 else ""
        try:
            self._account.send(self._addresses[said.channel], said.text, subject=f"About {word}", in_reply_to=answered)
        except smtplib.SMTPException as error:
            raise Refused(f"{word} was not taken: {error!r}") from None
        self.ledger.mailed(said)
        self.stopping.wait(self.chance.uniform(0.5, LONGEST_PAUSE))

    def _latest(self) -> str:
        return str(self._mta.of(self._account.address)[-1].mail["Message-ID"])

    def leave(self) -> None:
        pass


@dataclass
class Mischief:
    """What the mail server does by chance to Roost's mails, and kills of the gateway; it ends with `over`."""

    mta: Mta
    killer: Killer
    database: Database
    domain: str
    chance: random.Random
    kills: list[float] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    over: bool = False
    _armed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _killed: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        self.mta.chance, self.mta.meanwhile = self._trouble, self._meanwhile

    def end(self) -> None:
        self.over = True

    def kill(self) -> None:
        """The gateway, now; who comes after it need not wait for the end of what it had leased."""
        self.killer.kill("gateway", SELF)  # waits until it is there
        self.kills.append(time.monotonic())
        self.database.rows(_TIME_PASSES)

    def kill_while_taking_in(self, seconds: float) -> None:
        """The gateway, when the next mail of a guest was handed to it and is not answered yet."""
        self._killed.clear()
        self._armed.release()
        self._killed.wait(seconds)

    def _meanwhile(self, to: str) -> None:
        if to.endswith(self.domain) and self._armed.acquire(blocking=False):
            time.sleep(self.chance.uniform(0, LONGEST_WAIT))
            self.kill()
            self.met["killed between acceptance and answer"] += 1
            self._killed.set()

    def _trouble(self, sender: str, to: str) -> Trouble | None:
        if self.over or not sender.endswith(self.domain):
            return None
        kinds: tuple[Any, ...] = ("die", "die after", "refuse", "delay")
        kind = self.chance.choices((*kinds, None), (2, 2, 2, 2, 92))[0]
        if kind is None:
            return None
        self.met[kind] += 1
        return Trouble(kind, answer="451 4.3.0 Not now", seconds=self.chance.uniform(0, 0.5))

    def unclear(self, mail: Passed) -> bool:
        """Whether its sender may not have known that it was taken, or may not have written it down."""
        fresh = (mail.began - FRESH_SECONDS, mail.ended + FRESH_SECONDS)
        return not mail.answered or any(fresh[0] <= kill <= fresh[1] for kill in self.kills)

    def wait_until_back(self) -> None:
        self.killer.wait_until_back("gateway")


def waiting(database: Database) -> list[Row]:
    """Lanes of guests that have not come to their end."""
    return database.rows(_WAITING)


def given_up(database: Database) -> int:
    """How often the channels were told that an address takes no mail."""
    return len(database.rows(_HEARD))


def in_mailbox(account: Account, mischief: Mischief, database: Database, channels: Sequence[str]) -> Findings:
    """Each message of others is there, in order; twice only what was sent again because its end was unclear."""
    there = [str(one.mail["Message-ID"]).strip() for one in account.inbox()]
    rows = [row for row in database.messages() if row["channel"] in channels]
    person = {row["author"] for row in rows if row["text"].startswith(f"{account.name}-")}
    sent: dict[str, list[Passed]] = defaultdict(list)
    for mail in mischief.mta.of(account.address):
        sent[str(mail.mail["Message-ID"]).strip()].append(mail)
    first = {id: place for place, id in reversed(list(enumerate(there)))}
    places: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        id = row["external_id"] or next((one for one in first if own_part(one) == row["id"]), "")
        if row["author"] in person:
            if id in first:
                yield f"{account.name} got their own {row['text']!r}"
        elif id not in first:
            yield f"lost: {account.name} has no mail of {row['id']} {row['text']!r} ({row['channel']}@{row['seq']})"
        else:
            places[row["channel"]].append(first[id])
    for channel, found in places.items():
        if any(later < earlier for earlier, later in itertools.pairwise(found)):
            yield f"out of order: {account.name} got {channel} as {found}"
    yield from _doubles(account, there, sent, mischief, len(channels))


def _doubles(
    account: Account, there: Sequence[str], sent: Mapping[str, Sequence[Passed]], mischief: Mischief, lanes: int
) -> Findings:
    extra = 0
    for id, times in Counter(there).items():
        again = len([mail for mail in sent[id][:-1] if mischief.unclear(mail)])
        extra += times - 1
        if times - 1 > again:
            moments = [f"{mail.began:.2f}-{mail.ended:.2f}" for mail in sent[id]]
            yield (
                f"doubled: {account.name} has {id} {times} times, but the end was unclear {again} times:"
                f" sent at {moments}, kills at {[round(kill, 2) for kill in mischief.kills]}"
            )
    ends = sum(not mail.answered for mails in sent.values() for mail in mails) + lanes * len(mischief.kills)
    if extra > ends:
        yield f"doubled: {account.name} has {extra} mails too many after {ends} unclear ends"
