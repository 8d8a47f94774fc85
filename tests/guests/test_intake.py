"""The threads that settle mail: whoever comes when they have just ended is not forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from channels_app.guests.receiving import intake
from channels_app.guests.receiving.answers import DONE, Answer
from channels_app.guests.receiving.inwards import Delivery


async def test_a_mail_that_comes_as_the_last_worker_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def take_in(mails: Sequence[Delivery]) -> list[list[Answer]]:
        return [[DONE] for _ in mails]

    monkeypatch.setattr(intake, "_take_in", take_in)
    monkeypatch.setattr(intake, "THREADS", 1)
    queue = intake._Queue(1)
    async with asyncio.timeout(5):
        for _ in range(3):  # at once after the answer, before anything else has its turn
            assert await queue.put(Delivery(b"", "dana@d.test", ["x@y.test"])) == [DONE]
    await queue.close()
