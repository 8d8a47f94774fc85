"""Mail to guests: one post becomes a mail to each of 500, handed to an SMTP server that takes everything.

The instance that is measured has that server as its relay, so it is started anew for each repeat (`guests_carried`).
"""

from __future__ import annotations

from workspace.operate.bench import whole
from workspace.operate.bench.bare import sink
from workspace.operate.bench.report import Figure, parse
from workspace.operate.bench.run import Measure


def prepare() -> Measure:
    def measure() -> list[Figure]:
        with sink.running() as relay, whole.instance(SMTP_URL=f"smtp://127.0.0.1:{relay.port}") as environment:
            return [parse(one) for one in whole.run("guests_carried", 1, environment)[0]]

    return measure
