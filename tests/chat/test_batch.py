"""Posts that wait together are written together, and nobody's overtake each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from channels_app.chat import batch as batching
from channels_app.chat.batch import Batcher
from channels_app.chat.posting import Outcome, Posting
from workspace.events.refusal import Invalid, Refusal, TooMany


class Disk:
    """Takes batches, and answers each when it is told to; every post is refused with its own text."""

    def __init__(self, batcher: Batcher) -> None:
        self.batches: list[list[str]] = []
        self._answers: list[asyncio.Future[None]] = []
        batcher.run = self._write

    async def _write(self, postings: Sequence[Posting]) -> list[Outcome]:
        self.batches.append([posting.text for posting in postings])
        self._answers.append(asyncio.get_running_loop().create_future())
        await self._answers[-1]
        return [Invalid(posting.text) for posting in postings]

    async def finish(self, number: int, error: Exception | None = None) -> None:
        answer = self._answers[number]
        answer.set_exception(error) if error else answer.set_result(None)
        await _settle()


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def _post(batcher: Batcher, *said: str) -> list[asyncio.Task[str]]:
    """Post "person text" each, as far as it goes without waiting; what became of each."""
    tasks = [asyncio.create_task(_outcome(batcher, *one.split())) for one in said]
    await _settle()
    return tasks


async def _outcome(batcher: Batcher, person: str, text: str) -> str:
    try:
        await batcher.post(Posting(person, "general", text))
    except Refusal as refusal:
        return refusal.message
    raise AssertionError("the disk refuses everything")


async def test_what_waits_is_the_next_batch() -> None:
    batcher = Batcher()
    disk = Disk(batcher)
    posted = await _post(batcher, "alice 1", "bob 2", "amy 3", "dana 4")
    assert disk.batches == [["1", "2", "3", "4"]]
    posted += await _post(batcher, "carol 5")  # another thread is free
    posted += await _post(batcher, "dora 6", "eve 7")
    assert disk.batches == [["1", "2", "3", "4"], ["5"]]
    await disk.finish(1)
    assert disk.batches[2:] == [["6", "7"]]
    await disk.finish(0)
    await disk.finish(2)
    assert await asyncio.gather(*posted) == ["1", "2", "3", "4", "5", "6", "7"]


async def test_nobodys_posts_overtake_each_other() -> None:
    batcher = Batcher()
    disk = Disk(batcher)
    posted = await _post(batcher, "alice 1")
    posted += await _post(batcher, "alice 2", "bob 3", "alice 4")
    assert disk.batches == [["1"], ["3"]]
    await disk.finish(1)
    assert disk.batches == [["1"], ["3"]]
    await disk.finish(0)
    assert disk.batches[2:] == [["2", "4"]]
    await disk.finish(2)
    assert await asyncio.gather(*posted) == ["1", "2", "3", "4"]


async def test_a_batch_that_fails_tells_everybody_in_it_and_the_next_goes_on() -> None:
    batcher = Batcher()
    disk = Disk(batcher)
    failing = await _post(batcher, "alice 1", "bob 2")
    waiting = await _post(batcher, "alice 3")
    await disk.finish(0, OSError("the disk is full"))
    assert [type(one) for one in await asyncio.gather(*failing, return_exceptions=True)] == [OSError, OSError]
    await disk.finish(1)
    assert await asyncio.gather(*waiting) == ["3"]


async def test_who_comes_when_too_many_wait_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MOST_WAITING", 1)
    batcher = Batcher()
    disk = Disk(batcher)
    posted = await _post(batcher, "alice 1")
    posted += await _post(batcher, "alice 2", "alice 3")
    assert await posted[2] == TooMany().message
    await disk.finish(0)
    await disk.finish(1)
    assert await asyncio.gather(*posted[:2]) == ["1", "2"]
