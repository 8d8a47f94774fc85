"""How it stands with a channel's guests: when they wrote last, and whether their mail arrives."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from django.conf import settings
from django.db.models import Max
from pydantic import WithJsonSchema

from channels_app.chat.guests import LANE, lane_of
from channels_app.chat.models import Message, Reaction
from channels_app.guests.models import Mailbox
from channels_app.guests.sending import rounds
from workspace.events.models import Lane

StateName = Annotated[str, WithJsonSchema({"type": "string", "enum": ["ok", "waiting", "failing"]})]


@dataclass(frozen=True, slots=True)
class Standing:
    """`state`: ok, waiting (something stays in the lane for now) or failing (mail came back); `why` in words."""

    state: str = "ok"
    why: str = ""
    active_at: datetime | None = None


def standings(channel_id: str, people: Collection[str]) -> dict[str, Standing]:
    """By person's id. Four queries, whatever their number."""
    wrote = Message.objects.filter(channel=channel_id, author__in=people).values_list("author")
    reacted = Reaction.objects.filter(message__channel=channel_id, person__in=people).values_list("person")
    last: dict[str, datetime] = dict(wrote.annotate(Max("created_at")).order_by())
    for person, at in reacted.annotate(Max("at")).order_by():
        last[person] = max(last.get(person, at), at)
    lanes = {
        lane.subscriber.removeprefix(LANE): lane
        for lane in Lane.objects.select_related("stream").filter(
            stream=f"channel:{channel_id}", subscriber__in=[lane_of(id) for id in people]
        )
    }
    boxes = {box.person_id: box for box in Mailbox.objects.filter(person__in=people)}
    return {id: _standing(lanes.get(id), boxes.get(id), last.get(id)) for id in people}


def _standing(lane: Lane | None, box: Mailbox | None, active_at: datetime | None) -> Standing:
    if box is not None and box.failures:
        return Standing("failing", box.why, active_at)
    if lane is not None and lane.attempts:
        return Standing("waiting", lane.why, active_at)
    behind = lane is None or lane.stream.head > lane.cursor
    if behind and not settings.SMTP_URL:
        return Standing("waiting", "No server for outgoing mail is configured.", active_at)
    return Standing("ok", rounds.DIGEST if lane and lane.why == rounds.DIGEST else "", active_at)
