"""What a client missed: for each stream the events after its cursor, as far as one answer reaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

from channels_app.chat import access
from workspace.events import log
from workspace.people.models import Person

MOST_EVENTS = 500
MOST_STREAMS = 500


class Missed(TypedDict):
    events: list[dict[str, Any]]
    head: int
    more: bool


def missed(person: Person, cursors: Mapping[str, int]) -> dict[str, Missed]:
    """The streams the person may follow; others are left out, as if they did not exist."""
    own = set(access.streams(person))
    room = MOST_EVENTS
    answer: dict[str, Missed] = {}
    heads = log.heads(list(cursors))
    for stream, cursor in list(cursors.items())[:MOST_STREAMS]:
        if stream not in heads or not (stream in own or access.may_follow(person, stream)):
            continue
        behind = heads[stream] > cursor
        entries = log.read(stream, cursor, limit=room) if room and behind else []
        room -= len(entries)
        reached = entries[-1].seq if entries else cursor
        head = max(heads[stream], reached)
        answer[stream] = {"events": [e.json() for e in entries], "head": head, "more": head > reached}
    return answer
