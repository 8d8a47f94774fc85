"""Mail that a person's mail program appends: how soon it is in the channel's sockets, how fast a heap is taken in.

With our own Dovecot its Lua bell rings, and the person has an app password. For a foreign server a second instance is
started that has the first one's Dovecot by URL (`pull_foreign`); no bell rings there.

The heap is appended while worker, beat and watcher are stopped (SIGSTOP), as it would be while Roost is away, so its
bells lie in the spool; the clock runs from when they go on until all of it are messages. The reference fetches the same
mails in batches of 100 and reads subject, sender and text of each with Python's `email`, and nothing else.
"""

from __future__ import annotations

import itertools
import time
from typing import Any, cast

from django.conf import settings

from channels_app.chat.models import Channel, Message
from channels_app.letters.models import Quarantined
from workspace.operate.bench import appended, crowd, load, parts, whole
from workspace.operate.bench.bare import mails
from workspace.operate.bench.delays import delays
from workspace.operate.bench.report import Figure, at_least, at_most, parse
from workspace.operate.bench.run import Measure
from workspace.signin import app_passwords

MEMBERS = 10
APPENDS = 150
HEAP = 10_000
HEAP_AT_ONCE = 2_500
LOOK_SECONDS = 0.02
PATIENCE = 300.0


def prepare() -> Measure:
    people = crowd.gather("pull", MEMBERS, 2)
    talk, heap = people.channels
    numbers = itertools.count(1)
    login = app_passwords.create(person=people.members[0].person, name="bench")

    def measure() -> list[Figure]:
        with mails.client(login.username, login.password) as program:
            append = appended.by(people.members[0], program, appended.folder_of(talk))
            by_bell = load.run(delays(people.members, append, APPENDS, numbers))
            taken_in, bare = _take_in(people, program, heap, numbers)
        return [
            Figure("by our Dovecot's bell, p50", "ms", load.percentile(by_bell, 0.5) * 1000, None, at_most(40)),
            Figure("by our Dovecot's bell, p99", "ms", load.percentile(by_bell, 0.99) * 1000, None, at_most(150)),
            *_foreign(),
            Figure(f"{HEAP:,} mails taken in", "/s", taken_in, bare, at_least(0.5, ratio=True)),
        ]

    return measure


def _foreign() -> list[Figure]:
    own = {"IMAP_URL": settings.IMAP_URL, "IMAP_MASTER_USER": settings.IMAP_MASTER_USER}
    with whole.instance(**own) as environment:
        return [parse(one) for one in whole.run("pull_foreign", 1, environment)[0]]


def _take_in(
    people: crowd.Crowd, program: mails.Program, channel: Channel, numbers: itertools.count[int]
) -> tuple[float, float]:
    """Mails a second: ours, and the bare loop's."""
    folder = appended.folder_of(channel)
    before = Message.objects.filter(channel=channel).count()
    with parts.stopped():
        first, last = _append_heap(people, program, folder, numbers)
        began = time.perf_counter()
    end = time.monotonic() + PATIENCE
    while (there := Message.objects.filter(channel=channel).count() - before) < HEAP:
        if time.monotonic() > end:
            refused = Quarantined.objects.values_list("why", flat=True).first()
            raise TimeoutError(f"only {there} mails were taken in ({refused or 'none was refused'})")
        time.sleep(LOOK_SECONDS)
    ours = HEAP / (time.perf_counter() - began)
    return ours, mails.read_all(folder, first, last)


def _append_heap(
    people: crowd.Crowd, program: mails.Program, folder: str, numbers: itertools.count[int]
) -> tuple[int, int]:
    """Append mails by MULTIAPPEND; the first UID and the last."""
    writer = people.members[0]
    first = int(cast(Any, program.folder_status(folder, ["UIDNEXT"]))[b"UIDNEXT"])
    for _ in range(HEAP // HEAP_AT_ONCE):
        batch = [appended.mail(writer, number) for number in itertools.islice(numbers, HEAP_AT_ONCE)]
        program.multiappend(folder, batch)
    return first, first + HEAP - 1
