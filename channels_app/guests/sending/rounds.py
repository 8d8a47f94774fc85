"""What waits for a channel's guests, made ready to be sent: lanes leased, events read and composed once for all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from channels_app.chat.guests import LANE
from channels_app.chat.models import Channel, Seat
from channels_app.guests.models import Mailbox
from channels_app.guests.sending.big_files import FILES_BYTES
from channels_app.guests.sending.composing import Letters, Reader, Seated
from channels_app.guests.sending.sealing import Sealed, Sealing
from channels_app.mail import ComposedLetter, group
from workspace.events import lanes, log, statement
from workspace.events.lanes import Leased
from workspace.events.log import Entry
from workspace.events.models import Lane

LEASE_SECONDS = 20.0
LANES_AT_FIRST, LANES_AT_ONCE = 150, 500  # mails go out while more of them are made ready
EVENTS_AT_ONCE = 100
BYTES_AT_ONCE = 64 * 1024 * 1024
STREAMS_A_SWEEP = 2000
DIGESTS = (Seat.Delivery.HOURLY, Seat.Delivery.DAILY)
DIGEST = "gathered for a digest"
DAILY_HOUR = 7  # UTC


@dataclass(frozen=True, slots=True)
class Mail:
    """What a guest gets of the events up to `seq`."""

    seq: int
    letter: ComposedLetter | Sealed


@dataclass(frozen=True, slots=True)
class Round:
    """A lane and what goes out now: mails in order, then it stands at `end`, and rests for `wait` seconds (`why`).

    `closes`: the guest is out, and the lane goes with the last mail. `failing`: mails to this address failed before.
    """

    lane: Leased
    channel: Channel
    reader: Reader
    mails: Sequence[Mail]
    end: int
    wait: float = 0.0
    why: str = ""
    closes: bool = False
    failing: bool = False


# A seat's lane begins before the event that tells of the guest: the welcome is the first mail. That event is among the
# last ones, mostly.
_OPEN = """
WITH missing AS MATERIALIZED (
  SELECT m.person_id FROM chat_seat t JOIN chat_membership m ON m.id = t.membership_id
  WHERE m.channel_id = %(channel)s AND NOT EXISTS (
    SELECT FROM events_lane l WHERE l.subscriber = %(prefix)s || m.person_id AND l.stream_id = %(stream)s))
INSERT INTO events_lane (subscriber, stream_id, cursor, due, attempts, why, refused)
SELECT %(prefix)s || person_id, %(stream)s, e.seq - 1, now(), 0, '', 0
FROM missing CROSS JOIN LATERAL (
  SELECT seq FROM events_event WHERE stream = %(stream)s AND kind = 'guest.joined'
    AND payload->'guest'->>'person' = person_id ORDER BY seq DESC LIMIT 1) e
ON CONFLICT DO NOTHING
"""
# Whoever wants each mail again does not wait for the digest.
_WAKE = """
UPDATE events_lane l SET due = now(), why = '' FROM chat_seat t JOIN chat_membership m ON m.id = t.membership_id
WHERE l.stream_id = %(stream)s AND l.why = %(why)s AND l.subscriber = %(prefix)s || m.person_id
  AND m.channel_id = %(channel)s AND t.delivery <> ALL (%(digests)s)
"""


def gather(stream: str, limit: int) -> list[Round]:
    """Take lanes of a channel's guests that may go now, with what waits in them."""
    channel = Channel.objects.select_related("org").filter(id=stream.removeprefix("channel:")).first()
    if channel is None:
        return []
    given: dict[str, Any] = {
        "prefix": LANE,
        "stream": stream,
        "channel": channel.id,
        "why": DIGEST,
        "digests": list(DIGESTS),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, given)
        cursor.execute(_WAKE, given)
    leased = lanes.lease(stream, LANE, seconds=LEASE_SECONDS, limit=limit)
    if not leased:
        return []
    # Lanes that stand further on than what is read now come again at once.
    letters = Letters(channel, _bounded(log.read(stream, min(lane.cursor for lane in leased), limit=EVENTS_AT_ONCE)))
    sealing = Sealing(letters)
    readers = _readers(channel, leased)
    failing = set(Mailbox.objects.filter(person__in=readers, failures__gt=0).values_list("person_id", flat=True))
    rounds = []
    for lane in leased:
        reader = readers.get(lane.subscriber.removeprefix(LANE))
        if reader is None:
            close(lane)
        else:
            rounds.append(_round(lane, letters, sealing, reader, failing=reader.id in failing))
    return rounds


def _bounded(entries: Sequence[Entry]) -> list[Entry]:
    """As many of these events as there is room in memory for their files; one at least."""
    total = 0
    chosen: list[Entry] = []
    for entry in entries:
        posted = entry.payload["message"] if entry.kind == "message.posted" else {"files": ()}
        total += sum(file["size"] for file in posted["files"] if file["size"] <= FILES_BYTES)
        if chosen and total > BYTES_AT_ONCE:
            break
        chosen.append(entry)
    return chosen


def with_guests(streams: Collection[str]) -> list[str]:
    """Those of these streams that have guests, or had and owe them a goodbye."""
    with connection.cursor() as cursor:
        cursor.execute(_WITH_GUESTS, [list(streams), LANE, [stream.removeprefix("channel:") for stream in streams]])
        return [stream for (stream,) in cursor.fetchall()]


_WITH_GUESTS = """
SELECT stream_id FROM events_lane WHERE stream_id = ANY (%s) AND starts_with(subscriber, %s)
UNION SELECT 'channel:' || m.channel_id FROM chat_seat t JOIN chat_membership m ON m.id = t.membership_id
WHERE m.channel_id = ANY (%s)
"""


def behind() -> list[str]:
    """Streams with a guest's lane that is behind and due, or with a guest who has none yet."""
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, [LANE, STREAMS_A_SWEEP, LANE])
        return [stream for (stream,) in cursor.fetchall()]


_BEHIND = """
(SELECT DISTINCT l.stream_id FROM events_lane l JOIN events_stream s ON s.key = l.stream_id
 WHERE starts_with(l.subscriber, %s) AND l.due <= now() AND s.head > l.cursor LIMIT %s)
UNION SELECT 'channel:' || m.channel_id FROM chat_seat t JOIN chat_membership m ON m.id = t.membership_id
WHERE NOT EXISTS (
  SELECT FROM events_lane l WHERE l.subscriber = %s || m.person_id AND l.stream_id = 'channel:' || m.channel_id)
"""


_READERS = """
SELECT p.id, p.name, p.email, t.membership_id IS NOT NULL AND p.active, t.delivery, t.sponsor_id, t.expires_at,
  t.encrypted, k.certificate, k.fingerprint
FROM people_person p LEFT JOIN chat_membership m ON m.person_id = p.id AND m.channel_id = %s
  LEFT JOIN chat_seat t ON t.membership_id = m.id LEFT JOIN guests_guestkey k ON k.person_id = p.id
WHERE p.id = ANY (%s)
"""


def _readers(channel: Channel, leased: Sequence[Leased]) -> Mapping[str, Reader]:
    rows = statement.run(_READERS, [channel.id, [lane.subscriber.removeprefix(LANE) for lane in leased]])
    return {
        id: Reader(
            id,
            name,
            email,
            Seated(delivery, sponsor, until, encrypted) if inside else None,
            group.Reader(email, bytes(certificate), fingerprint) if certificate else None,
        )
        for id, name, email, inside, delivery, sponsor, until, encrypted, certificate, fingerprint in rows
    }


def _round(lane: Leased, letters: Letters, sealing: Sealing, reader: Reader, *, failing: bool) -> Round:
    waiting = [entry for entry in letters.entries if entry.seq > lane.cursor]
    end = max([lane.cursor, *(entry.seq for entry in waiting)])
    if reader.seat is not None and reader.seat.encrypted and reader.key is None:
        return Round(lane, letters.channel, reader, [], end, failing=failing)
    if reader.seat is not None and reader.seat.delivery in DIGESTS:
        return _gathered(lane, letters, sealing, reader, waiting, end, failing=failing)
    mails: list[Mail] = []
    closes = False
    for entry in waiting:
        mails += _mails(entry, letters, sealing, reader)
        if closes := letters.ends(entry, reader):
            end = entry.seq
            break
    return Round(lane, letters.channel, reader, mails, end, closes=closes, failing=failing)


def _mails(entry: Entry, letters: Letters, sealing: Sealing, reader: Reader) -> list[Mail]:
    """What a guest gets of an event. Of several mails the earlier ones don't yet move the lane over it."""
    if reader.key is None:
        letter = letters.to(entry, reader)
        return [Mail(entry.seq, letter)] if letter else []
    sealed = sealing.to(entry, reader)
    return [Mail(entry.seq - (one is not sealed[-1]), one) for one in sealed]


def _gathered(
    lane: Leased,
    letters: Letters,
    sealing: Sealing,
    reader: Reader,
    waiting: Sequence[Entry],
    end: int,
    *,
    failing: bool,
) -> Round:
    """The welcome at once; what people wrote when its hour has come."""
    assert reader.seat is not None
    mails = [mail for entry in waiting for mail in _mails(entry, letters, sealing, reader)]
    news = [entry for entry in waiting if letters.is_news(entry, reader)]
    if not news:
        return Round(lane, letters.channel, reader, mails, end, failing=failing)
    due = hour_after(news[0].at, reader.seat.delivery)
    if due > timezone.now():
        mails = [mail for mail in mails if mail.seq < news[0].seq]
        wait = (due - timezone.now()).total_seconds()
        return Round(lane, letters.channel, reader, mails, news[0].seq - 1, wait, DIGEST, failing=failing)
    mails.append(Mail(end, sealing.digest(news, reader) if reader.key else letters.digest(news, reader)))
    return Round(lane, letters.channel, reader, mails, end, failing=failing)


def hour_after(moment: datetime, delivery: str) -> datetime:
    """When a digest with something from this moment goes out."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if delivery == Seat.Delivery.DAILY:
        hour += timedelta(hours=(DAILY_HOUR - hour.hour) % 24)
    return hour


def close(lane: Leased) -> None:
    """The guest is out and knows it."""
    Lane.objects.filter(id=lane.id).delete()
