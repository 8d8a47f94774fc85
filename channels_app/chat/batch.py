"""Posts that wait together are written together.

Doors in an event loop hand their postings here. A few threads write, and what comes in meanwhile is the next batch: one
statement serves all of it, and load makes batches larger instead of queues longer. While one batch waits for the disk
another is made ready. Nobody's posts overtake each other: whoever has one being written waits for the batch after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from channels_app.chat.posting import Outcome, Posted, Posting, post_many
from workspace.events.refusal import Refusal, TooMany

Run = Callable[[Sequence[Posting]], Awaitable[list[Outcome]]]

WRITERS = 2
MOST_IN_BATCH = 200
MOST_WAITING = 5_000

_Waiting = tuple[Posting, asyncio.Future[Outcome]]


class Batcher:
    """One for each process; used from one event loop."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._writers: set[asyncio.Task[None]] = set()
        self._being_written: set[str] = set()  # people
        # Threads of its own keep their database connections, and nothing else delays a post.
        self._threads = ThreadPoolExecutor(WRITERS, thread_name_prefix="posting")
        self.run: Run = self._in_thread

    async def _in_thread(self, postings: Sequence[Posting]) -> list[Outcome]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, post_many, postings)

    async def post(self, posting: Posting) -> Posted:
        """Post; raises what `messages.post` raises, and `TooMany` when thousands wait already."""
        if len(self._waiting) >= MOST_WAITING:
            raise TooMany()
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((posting, done))
        self._writers = {writer for writer in self._writers if not writer.done()}  # of a loop that ended, too
        if len(self._writers) < WRITERS:
            self._writers.add(asyncio.create_task(self._write()))
        outcome = await done
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def _write(self) -> None:
        while batch := self._take():
            people = {posting.person for posting, _ in batch}
            self._being_written |= people
            try:
                await self._write_batch(batch)
            finally:
                self._being_written -= people

    def _take(self) -> list[_Waiting]:
        """What may be written now, in order."""
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        waits = set(self._being_written)
        for item in self._waiting:
            person = item[0].person
            if person in waits or len(batch) == MOST_IN_BATCH:
                waits.add(person)
                later.append(item)
            else:
                batch.append(item)
        self._waiting = later
        return batch

    async def _write_batch(self, batch: Sequence[_Waiting]) -> None:
        try:
            outcomes = await self.run([posting for posting, _ in batch])
        except Exception as error:
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
        else:
            for (_, done), outcome in zip(batch, outcomes, strict=True):
                if not done.done():
                    done.set_result(outcome)


batcher = Batcher()
