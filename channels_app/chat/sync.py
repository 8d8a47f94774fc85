"""What a client missed: for each stream the events after its cursor, as far as one answer reaches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

from channels_app.chat import access
from workspace.events import log
from workspace.events.log import Span
from workspace.people.models import Person

MOST_EVENTS = 500


class Missed(TypedDict):
    events: list[dict[str, Any]]
    head: int
    more: bool


def missed(person: Person, cursors: Mapping[str, int]) -> dict[str, Missed]:
    """The streams the person may follow; others are left out, as if they did not exist. Three queries for all."""
    allowed = access.followable(person, cursors.keys())
    heads = log.heads(list(allowed))
    spans = {stream: Span(cursor, heads[stream]) for stream, cursor in cursors.items() if stream in heads}
    entries, reached = log.read_spans(spans, limit=MOST_EVENTS)
    answer: dict[str, Missed] = {
        stream: {
            "events": [],
            "head": max(span.until, span.after),
            "more": reached.get(stream, span.after) < span.until,
        }
        for stream, span in spans.items()
    }
    for entry in entries:
        answer[entry.stream]["events"].append(entry.json())
    return answer
