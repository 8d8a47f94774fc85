"""Mail from guests: how soon it is in the channel's sockets, and how fast a heap of it is taken in.

It is handed over to the gateway as a mail server does, over as many connections as Postfix opens; with the carriers to
the folders standing still (SIGSTOP), which have a benchmark of their own, and once more with them at work. The
reference reads subject, sender and text of each of the same mails with Python's `email`, and nothing else.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence

from django.conf import settings

from channels_app.chat.models import Channel, Message
from channels_app.guests import addresses
from workspace.operate.bench import appended, crowd, load, parts, seated
from workspace.operate.bench.bare import lmtp, mails
from workspace.operate.bench.delays import delays
from workspace.operate.bench.report import Figure, at_least, at_most
from workspace.operate.bench.run import Measure

GUESTS = 1_000  # nobody writes more than 30 mails a minute
LISTENERS = 10
MAILS = 150
HEAP, LESS = 10_000, 2_000
CONNECTIONS = 20

Given = tuple[str, str, bytes]


def prepare() -> Measure:
    people = crowd.gather("received", GUESTS + LISTENERS, 2)
    talk, heap = people.channels
    guests, listeners = people.members[:GUESTS], people.members[GUESTS:]
    seated.seat(people, guests)
    talkers, heapers = ([_Writer(guest, channel) for guest in guests] for channel in (talk, heap))
    numbers = itertools.count(1)

    def measure() -> list[Figure]:
        took = load.run(delays(listeners, _giver(talkers), MAILS, numbers))
        with parts.stopped():
            ours, bare = _take_in([_mail(heapers, number) for number in itertools.islice(numbers, HEAP)], heap)
        beside, _ = _take_in([_mail(heapers, number) for number in itertools.islice(numbers, LESS)], heap)
        return [
            Figure(
                "a guest's mail, until all have it, p50", "ms", load.percentile(took, 0.5) * 1000, None, at_most(300)
            ),
            Figure("a guest's mail, until all have it, p99", "ms", load.percentile(took, 0.99) * 1000),
            Figure(f"{HEAP:,} mails of guests taken in", "/s", ours, bare, at_least(0.5, ratio=True)),
            Figure(f"{LESS:,} mails of guests taken in, mirror at work", "/s", beside),
        ]

    return measure


class _Writer:
    """A guest, and the address they write to."""

    def __init__(self, guest: crowd.Member, channel: Channel) -> None:
        self.guest = guest
        self.to = addresses.reply_to(channel, guest.person.id)


def _mail(writers: Sequence[_Writer], number: int) -> Given:
    writer = writers[number % len(writers)]
    return writer.guest.person.email, writer.to, appended.mail(writer.guest, number)


def _giver(writers: Sequence[_Writer]) -> Callable[[int], Awaitable[None]]:
    """What hands over a mail with a number, each of another guest."""

    async def give(number: int) -> None:
        await lmtp.hand_over(settings.LMTP_LISTEN, [_mail(writers, number)], 1)

    return give


def _take_in(heap: Sequence[Given], channel: Channel) -> tuple[float, float]:
    """Mails a second: ours, and the bare loop's."""
    before = Message.objects.filter(channel=channel).count()
    began = time.perf_counter()
    asyncio.run(lmtp.hand_over(settings.LMTP_LISTEN, heap, CONNECTIONS))
    ours = len(heap) / (time.perf_counter() - began)
    assert Message.objects.filter(channel=channel).count() - before == len(heap)
    began = time.perf_counter()
    assert sum(mails.read(raw) for _, _, raw in heap) == len(heap)
    return ours, len(heap) / (time.perf_counter() - began)
