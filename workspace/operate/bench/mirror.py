"""How fast posts get into their folders: a backlog drained, and the lag while posts arrive.

The backlog is written while worker, beat and watcher are stopped (SIGSTOP); the clock starts when they go on, and ends
when each channel's copies are complete, which the folders themselves are asked to confirm. The reference composes and
appends a part of the same mails (a rate needs no more) in as many threads of one process as the worker has.

A post's lag lasts from its acknowledgement until the row of its mail is seen committed: the row is written after the
append was answered, and looked for every 20 ms, so the true lag is a little less.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection

from channels_app.chat.models import Channel, Message
from channels_app.chat.posting import Posted, Posting, post_many
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Folder
from workspace.operate.bench import crowd, load, parts
from workspace.operate.bench.bare import mails
from workspace.operate.bench.report import Figure, at_least, at_most
from workspace.operate.bench.run import Measure
from workspace.operate.up import WORKER_THREADS

CHANNELS = 50
MEMBERS = 10
BACKLOG = 20_000
BARE = 5_000
POSTS_A_SECOND = 100
SECONDS = 15.0
LOOK_SECONDS = 0.02
PATIENCE = 300.0


def prepare() -> Measure:
    people = crowd.gather("mirror", MEMBERS, CHANNELS)
    wait_until_mirrored(people.channels)
    numbers = itertools.count(1)

    def measure() -> list[Figure]:
        drained = _drain_backlog(people, numbers)
        bare = _append_bare(people, next(numbers))
        lags = load.run(_lags(people, numbers))
        return [
            Figure("backlog drained", "/s", drained, bare, at_least(0.6, ratio=True)),
            Figure(f"lag at {POSTS_A_SECOND}/s, p50", "ms", load.percentile(lags, 0.5) * 1000),
            Figure(f"lag at {POSTS_A_SECOND}/s, p99", "ms", load.percentile(lags, 0.99) * 1000, None, at_most(1000)),
        ]

    return measure


_BEHIND = """
SELECT count(*) FROM events_stream s LEFT JOIN events_lane l ON l.stream_id = s.key AND l.subscriber = 'mirror'
WHERE s.key = ANY(%s) AND s.head > coalesce(l.cursor, 0)
"""


def wait_until_mirrored(channels: Sequence[Channel]) -> None:
    """Wait until everything that happened in these channels is in their folders."""
    end = time.monotonic() + PATIENCE
    while _count(_BEHIND, [channel.stream for channel in channels]):
        if time.monotonic() > end:
            raise TimeoutError("the mirror does not catch up")
        time.sleep(LOOK_SECONDS)


def _count(sql: str, streams: Sequence[str]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(streams)])
        return int(cursor.fetchone()[0])


def _drain_backlog(people: crowd.Crowd, numbers: itertools.count[int]) -> float:
    """Posts a second."""
    with parts.stopped():
        for _ in range(BACKLOG // (4 * CHANNELS)):
            postings = [
                Posting(person=people.members[n % MEMBERS].person.id, channel=channel.id, text=load.text(n))
                for channel in people.channels
                for n in itertools.islice(numbers, 4)
            ]
            if not all(isinstance(outcome, Posted) for outcome in post_many(postings)):
                raise RuntimeError("not everything was posted")
        began = time.perf_counter()
    wait_until_mirrored(people.channels)
    rate = BACKLOG / (time.perf_counter() - began)
    _confirm(people.channels)
    return rate


def _confirm(channels: Sequence[Channel]) -> None:
    """Each folder has a mail for each message. Raises `RuntimeError`."""
    folders = {row.channel_id: row.name for row in Folder.objects.filter(kind="posts")}
    mailbox = Mailbox()
    states = mailbox.states([folders[channel.id] for channel in channels])
    mailbox.close()
    for channel in channels:
        posts, mirrored = Message.objects.filter(channel=channel).count(), states[folders[channel.id]].messages
        if posts != mirrored:
            raise RuntimeError(f"{channel.name} has {posts} messages and {mirrored} mails")


def _append_bare(people: crowd.Crowd, number: int) -> float:
    """Mails a second."""
    by_id = {member.person.id: member.person for member in people.members}
    work = []
    with mails.client() as imap:
        for channel in people.channels:
            folder = f"Channels/bare-{number}/{channel.name}"
            imap.create_folder(folder)
            rows = Message.objects.filter(channel=channel).order_by("-seq")[: BARE // CHANNELS]
            authors = [(row, by_id[row.author_id]) for row in reversed(rows)]
            work.append((folder, [mails.Source(row, channel, who.name, who.email) for row, who in authors]))
    return mails.append_all(work, WORKER_THREADS)


async def _lags(people: crowd.Crowd, numbers: itertools.count[int]) -> list[float]:
    """Seconds from each post's acknowledgement until its mail is in the folder."""
    swarm = load.Swarm()
    await swarm.open(f"{settings.ROOST_URL.replace('http', 'ws', 1)}/ws", [member.token for member in people.members])
    await swarm.settle()
    start = next(numbers)
    for _ in range(int(POSTS_A_SECOND * SECONDS)):
        next(numbers)
    lags: list[float] = []
    waiting: dict[str, float] = {}

    async def post(number: int) -> None:
        channel = people.channels[number % CHANNELS].id
        call = {"channel": channel, "text": load.text(number), "client_id": f"m{number}"}
        await swarm.ears[number % MEMBERS].call("messages.post", call)
        waiting[f"m{number}"] = time.perf_counter()

    async def look(posting: asyncio.Future[None]) -> None:
        while waiting or not posting.done():
            there = await _mirrored(people, list(waiting))
            now = time.perf_counter()
            lags.extend(now - waiting.pop(id) for id in there)
            await asyncio.sleep(LOOK_SECONDS)

    posting = asyncio.ensure_future(load.steadily(post, a_second=POSTS_A_SECOND, seconds=SECONDS, start=start))
    await asyncio.wait_for(look(posting), PATIENCE)
    await posting
    swarm.close()
    return lags


_MIRRORED = """
SELECT m.client_id FROM chat_message m JOIN mirror_folder f ON f.stream = 'channel:' || m.channel_id AND kind = 'posts'
JOIN mirror_copy c ON c.folder_id = f.id AND c.seq = m.seq WHERE m.author_id = ANY(%s) AND m.client_id = ANY(%s)
"""


@sync_to_async
def _mirrored(people: crowd.Crowd, client_ids: Sequence[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_MIRRORED, [[member.person.id for member in people.members], list(client_ids)])
        return [id for (id,) in cursor.fetchall()]
