"""Part of `pull`: the same mails on an instance whose mail server is somebody else's, which tells by NOTIFY.

Dovecot waits for half a second before it tells anybody. So the reference is a bare connection that idles on the folder:
the time from just before the APPEND until it hears of it.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Sequence

from django.conf import settings

from workspace.operate.bench import appended, crowd, load
from workspace.operate.bench.bare import mails
from workspace.operate.bench.delays import delays
from workspace.operate.bench.report import Figure, at_most
from workspace.operate.bench.run import Measure

MEMBERS = 10
APPENDS = 40
BARE = 20


def prepare() -> Measure:
    # Named anew each time: the mail server has the folders of the repeats before.
    people = crowd.gather(f"foreign-{os.getpid()}", MEMBERS, 1)
    folder = appended.folder_of(people.channels[0])
    numbers = itertools.count(1)
    master, _, password = settings.IMAP_MASTER_USER.partition(":")
    user = f"{people.members[0].person.email}*{master}"

    def measure() -> list[Figure]:
        with mails.client(user, password) as program:
            append = appended.by(people.members[0], program, folder)
            ours = load.run(delays(people.members, append, APPENDS, numbers))
            with mails.client(user, password) as listener:
                bare = _hear(listener, program, folder, people.members[0], numbers)
        return [
            Figure("by NOTIFY, p50", "ms", *_both(ours, bare, 0.5), at_most(700)),
            Figure("by NOTIFY, p99", "ms", *_both(ours, bare, 0.99)),
        ]

    return measure


def _both(ours: Sequence[float], bare: Sequence[float], share: float) -> tuple[float, float]:
    return load.percentile(ours, share) * 1000, load.percentile(bare, share) * 1000


def _hear(
    listener: mails.Program, program: mails.Program, folder: str, writer: crowd.Member, numbers: itertools.count[int]
) -> list[float]:
    """Seconds until a bare connection hears of each of a few mails."""
    delays = []
    listener.select_folder(folder, readonly=True)
    listener.idle()
    for number in itertools.islice(numbers, BARE):
        raw = appended.mail(writer, number)
        began = time.perf_counter()
        program.append(folder, raw)
        while not any(b"EXISTS" in said for said in listener.idle_check(appended.PATIENCE)):
            pass
        delays.append(time.perf_counter() - began)
    listener.idle_done()
    return delays
