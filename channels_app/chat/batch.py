"""Posts that wait together are written together.

Doors in an event loop hand their postings here. One thread writes at a time; what comes in meanwhile is the next
batch, so order is kept, one statement serves all, and load makes batches larger instead of queues longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from channels_app.chat.posting import Outcome, Posted, Posting, post_many
from workspace.events.refusal import Refusal, TooMany

Run = Callable[[Sequence[Posting]], Awaitable[list[Outcome]]]

MOST_IN_BATCH = 200
MOST_WAITING = 5_000


class Batcher:
    """One for each process; used from one event loop."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Posting, asyncio.Future[Outcome]]] = []
        self._writer: asyncio.Task[None] | None = None
        # A thread of its own keeps its database connection, and nothing else delays a post.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="posting")
        self.run: Run = self._in_thread

    async def _in_thread(self, postings: Sequence[Posting]) -> list[Outcome]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, post_many, postings)

    async def post(self, posting: Posting) -> Posted:
        """Post; raises what `messages.post` raises, and `TooMany` when thousands wait already."""
        if len(self._waiting) >= MOST_WAITING:
            raise TooMany()
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((posting, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        outcome = await done
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_IN_BATCH], self._waiting[MOST_IN_BATCH:]
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
