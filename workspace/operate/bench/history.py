"""A channel of 200,000 posts: open at the end, jump into the middle, page back from there.

One member asks by HTTP on a connection that stays open, so the times are those of the whole server, and a little of the
client. The reference is the same on a channel of 1,000 posts: its pages must cost the same.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import orjson
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from channels_app.chat.models import Channel
from channels_app.chat.posting import Posted, Posting, post_many
from channels_app.chat.shapes import MessageShape
from workspace.operate.bench import crowd, load
from workspace.operate.bench.mirror import wait_until_mirrored
from workspace.operate.bench.report import Figure, at_most
from workspace.operate.bench.run import Measure

MEMBERS = 10
POSTS, FEW = 200_000, 1_000
VISITS = 300
WARM_UP = 20
PAGE = 50
MIDDLE = (0.25, 0.75)


def prepare() -> Measure:
    people = crowd.gather("history", MEMBERS, 2)
    many, few = people.channels
    wait_until_mirrored(people.channels)
    for channel, count in ((many, POSTS), (few, FEW)):
        fill(channel, [member.person.id for member in people.members], count)

    def measure() -> list[Figure]:
        ours, reference = load.run(_visit_both(people.members[0].token, many, few))
        return [figure for what in ours.times for figure in _figures(what, ours.times[what], reference.times[what])]

    return measure


def _figures(what: str, ours: Sequence[float], reference: Sequence[float]) -> list[Figure]:
    def both(share: float) -> tuple[float, float]:
        return load.percentile(ours, share) * 1000, load.percentile(reference, share) * 1000

    return [
        Figure(f"{what}, p50", "ms", *both(0.5), at_most(1.25, ratio=True)),
        Figure(f"{what}, p99", "ms", *both(0.99), at_most(30)),
    ]


def fill(channel: Channel, authors: Sequence[str], count: int) -> None:
    """Write posts, one a second, and their events, all as copies of the first, which is posted as any other.

    The mirror's lane goes to the end of the stream with them, so none of them is carried into the folder.
    """
    first = _post(channel, authors[0], timezone.now() - timedelta(seconds=count))
    names: dict[str, Any] = {
        "channel": channel.id,
        "stream": channel.stream,
        "first": first["id"],
        "seq": first["seq"],
        "authors": list(authors),
        "count": count - 1,
    }
    wait_until_mirrored([channel])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_MOVE, names)
        cursor.execute(_FILL, names)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE chat_message, events_event")  # as autovacuum does after a while


def _post(channel: Channel, author: str, at: datetime) -> MessageShape:
    posted = post_many([Posting(person=author, channel=channel.id, text=load.text(0), at=at)])[0]
    if not isinstance(posted, Posted):
        raise posted
    return posted.message


_FILL = """
WITH given AS (
  SELECT n, %(seq)s + n AS seq, left(f.id, 7) || lpad(n::text, 9, '0') AS id, p.id AS author, p.name AS author_name,
    replace(f.text, '$00000000', '$' || lpad(n::text, 8, '0')) AS text,
    replace(f.html, '$00000000', '$' || lpad(n::text, 8, '0')) AS html, f.created_at + n * interval '1 second' AS at
  FROM generate_series(1, %(count)s) AS n JOIN chat_message f ON f.id = %(first)s
    JOIN people_person p ON p.id = (%(authors)s::text[])[n %% cardinality(%(authors)s::text[]) + 1]),
message AS (
  INSERT INTO chat_message (id, channel_id, seq, also_to_channel, author_id, text, html, mentions, client_id, origin,
    created_at, reply_count, reply_people)
  SELECT id, %(channel)s, seq, false, author, text, html, '{}', id, 'web', at, 0, '{}' FROM given)
INSERT INTO events_event (stream, seq, kind, actor, origin, payload, at)
SELECT %(stream)s, g.seq, e.kind, g.author, e.origin, jsonb_build_object('message', e.payload->'message' ||
    jsonb_build_object('id', g.id, 'seq', g.seq, 'author', g.author, 'author_name', g.author_name, 'text', g.text,
      'html', g.html, 'created_at', to_char(g.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))), g.at
FROM given g JOIN events_event e ON e.stream = %(stream)s AND e.seq = %(seq)s
"""
_MOVE = """
WITH moved AS (UPDATE events_stream SET head = %(seq)s + %(count)s WHERE key = %(stream)s RETURNING key, head)
UPDATE events_lane SET cursor = moved.head FROM moved WHERE subscriber = 'mirror' AND stream_id = moved.key
"""


@dataclass(slots=True)
class Visits:
    """Seconds for each page of a kind, over many visits of a channel."""

    channel: Channel
    times: dict[str, list[float]] = field(default_factory=lambda: {"open": [], "jump": [], "page back": []})

    async def visit(self, client: aiohttp.ClientSession) -> None:
        """Open the channel, jump, page back."""
        head = (await self._page(client, "open"))["head"]
        middle = await self._page(client, "jump", around=int(head * random.uniform(*MIDDLE)))
        await self._page(client, "page back", before=middle["items"][0]["seq"])

    async def _page(self, client: aiohttp.ClientSession, what: str, **place: int) -> dict[str, Any]:
        url = f"{settings.ROOST_URL}/api/v1/channels/{self.channel.id}/messages"
        began = time.perf_counter()
        async with client.get(url, params=place) as answer:
            body = await answer.read()
        self.times[what].append(time.perf_counter() - began)
        answer.raise_for_status()
        page: dict[str, Any] = orjson.loads(body)
        if len(page["items"]) != PAGE:
            raise RuntimeError(f"{len(page['items'])} messages on a page of {PAGE}")
        return page


async def _visit_both(token: str, many: Channel, few: Channel) -> tuple[Visits, Visits]:
    """Visit both channels in turn, so that both see the same machine."""
    ours, reference = Visits(many), Visits(few)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=1)) as client:
        for visits in (Visits(many), Visits(few)) * WARM_UP + (ours, reference) * VISITS:
            await visits.visit(client)
    return ours, reference
