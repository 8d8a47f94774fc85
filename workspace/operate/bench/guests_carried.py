"""Part of `guests`, on an instance with a relay.

The clock runs from just before the post until the relay has taken the last of the mails. The reference sends as many
mails of the same size to the same relay by aiosmtplib alone, over as many connections; where ours are signed it signs,
too.
"""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from django.conf import settings

from channels_app.chat import messages
from channels_app.chat.models import Seat
from channels_app.guests.sending import composing, signing
from channels_app.guests.sending.composing import Letters, Reader, Seated
from workspace.events import bells, log
from workspace.events.models import Stream
from workspace.operate.bench import crowd, load, seated
from workspace.operate.bench.bare import smtp
from workspace.operate.bench.bare.sink import Sink
from workspace.operate.bench.report import Figure, at_least
from workspace.operate.bench.run import Measure
from workspace.people.models import Person

GUESTS = 500
POSTS = 5


def prepare() -> Measure:
    people = crowd.gather("guests", GUESTS, 1)
    (channel,) = people.channels
    relay = Sink(urlsplit(settings.SMTP_URL).port or 25)
    seated.seat(people, people.members)
    author = people.owner

    def measure() -> list[Figure]:
        rates, bare = [], []
        for number in range(POSTS):
            rates.append(_post(relay, author, channel.id, number))
            bare.append(_send(relay, people))
        return [
            Figure(
                f"one post to {GUESTS} guests, mails {'signed and ' if settings.DKIM_SIGN else ''}handed over",
                "/s",
                load.percentile(rates, 0.5),
                load.percentile(bare, 0.5),
                None if settings.DKIM_SIGN else at_least(0.6, ratio=True),
            )
        ]

    return measure


def _post(relay: Sink, author: Person, channel: str, number: int) -> float:
    """Mails a second."""
    before, _ = relay.stat()
    began = time.perf_counter()
    messages.post(person=author, channel=channel, text=load.text(number))
    bells.flush()
    return GUESTS / (relay.wait_for(before + GUESTS) - began)


def _send(relay: Sink, people: crowd.Crowd) -> float:
    (channel,) = people.channels
    entries = log.read(channel.stream, Stream.objects.get(key=channel.stream).head - 1, limit=1)
    letters, mails = Letters(channel, entries), []
    for member in people.members:
        person = member.person
        reader = Reader(person.id, person.name, person.email, Seated(Seat.Delivery.EVERY, None, None))
        letter = letters.to(entries[0], reader)
        assert letter is not None
        mails.append((person.email, letter.to(composing.recipient(channel, reader))))
    began = time.perf_counter()
    smtp.send_all(relay.port, mails, settings.SMTP_CONNECTIONS, signing.signed if settings.DKIM_SIGN else None)
    return GUESTS / (time.perf_counter() - began)
