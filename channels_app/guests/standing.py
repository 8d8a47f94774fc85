"""How it stands with guests: when they wrote last, and whether their mail arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from django.conf import settings
from django.db.models import Max
from pydantic import WithJsonSchema

from channels_app.chat.guests import lane_of
from channels_app.chat.models import Message, Reaction, Seat
from channels_app.guests.models import GuestKey, Mailbox
from channels_app.guests.sending import rounds
from workspace.events.models import Lane

LOST = "Their key was lost with a database: they have to scan a new code."
StateName = Annotated[str, WithJsonSchema({"type": "string", "enum": ["ok", "waiting", "failing"]})]
NO_SERVER = "No server for outgoing mail is configured."

Place = tuple[str, str]
"""A person and a channel, by id."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`state`: ok, waiting (something stays in the lane for now) or failing (mail came back); `why` in words."""

    state: str = "ok"
    why: str = ""
    active_at: datetime | None = None


def standings(seats: Sequence[Seat]) -> dict[Place, Standing]:
    """By person and channel. Five queries, whatever their number."""
    places = [(seat.membership.person_id, seat.membership.channel_id) for seat in seats]
    people, channels = {person for person, _ in places}, {channel for _, channel in places}
    lanes = {
        (lane.subscriber, lane.stream_id): lane
        for lane in Lane.objects.select_related("stream").filter(
            stream__in=[f"channel:{id}" for id in channels], subscriber__in=[lane_of(id) for id in people]
        )
    }
    boxes = {box.person_id: box for box in Mailbox.objects.filter(person__in=people)}
    last = _last(people, channels)
    locked_out = _locked_out(people, channels)
    return {
        place: Standing("failing", LOST, last.get(place))
        if place in locked_out
        else _standing(lanes.get((lane_of(place[0]), f"channel:{place[1]}")), boxes.get(place[0]), last.get(place))
        for place in places
    }


def _locked_out(people: set[str], channels: set[str]) -> set[Place]:
    """Those who get nothing in the open, and whose key went with a database."""
    rows = Seat.objects.filter(membership__channel__in=channels, membership__person__in=people, encrypted=True)
    rows = rows.exclude(membership__person__in=GuestKey.objects.values("person"))
    return set(rows.values_list("membership__person", "membership__channel"))


def _last(people: set[str], channels: set[str]) -> dict[Place, datetime]:
    """When people wrote or reacted last, channel by channel."""
    wrote = Message.objects.filter(channel__in=channels, author__in=people).values_list("author", "channel")
    reacted = Reaction.objects.filter(message__channel__in=channels, person__in=people)
    last = {(who, where): at for who, where, at in wrote.annotate(Max("created_at")).order_by()}
    for who, where, at in reacted.values_list("person", "message__channel").annotate(Max("at")).order_by():
        last[who, where] = max(last.get((who, where), at), at)
    return last


def _standing(lane: Lane | None, box: Mailbox | None, active_at: datetime | None) -> Standing:
    if box is not None and box.failures:
        return Standing("failing", box.why, active_at)
    if lane is not None and lane.attempts:
        return Standing("waiting", lane.why, active_at)
    behind = lane is None or lane.stream.head > lane.cursor
    if behind and not settings.SMTP_URL:
        return Standing("waiting", NO_SERVER, active_at)
    return Standing("ok", rounds.DIGEST if lane and lane.why == rounds.DIGEST else "", active_at)
