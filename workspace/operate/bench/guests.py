"""Mail to guests and from guests.

To guests one post becomes a mail to each of 500, handed to an SMTP server that takes everything; once as it is where
that server signs, and once with a signature of ours on each. The instance that is measured has that server as its
relay, so it is started anew for each repeat (`guests_carried`). What guests write is
taken in by an instance without a relay (`guests_received`).
"""

from __future__ import annotations

from workspace.operate.bench import guests_received, whole
from workspace.operate.bench.bare import sink
from workspace.operate.bench.report import Figure, parse
from workspace.operate.bench.run import Measure


def prepare() -> Measure:
    received = guests_received.prepare()

    def measure() -> list[Figure]:
        return [*_carried(DKIM_SIGN="false"), *_carried(), *received()]

    return measure


def _carried(**given: str) -> list[Figure]:
    with sink.running() as relay, whole.instance(SMTP_URL=f"smtp://127.0.0.1:{relay.port}", **given) as environment:
        return [parse(one) for one in whole.run("guests_carried", 1, environment)[0]]
