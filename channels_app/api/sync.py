"""Endpoints on streams: what was missed."""

from __future__ import annotations

import re
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from typing_extensions import TypedDict

from channels_app.api.door import Request, answer
from channels_app.api.events import EventShape, schema
from channels_app.chat import sync
from workspace.events.refusal import Invalid

router = Router(tags=["sync"])
_STREAM = re.compile(r"((?:channel|person|org):[0-9A-Za-z]{1,32})@(\d{1,16})")


class MissedShape(TypedDict):
    events: list[EventShape]
    head: int
    more: bool


class SyncShape(TypedDict):
    streams: dict[str, MissedShape]


@router.get("/sync", response=SyncShape)
def get_sync(request: Request, streams: Annotated[str, Query(min_length=1, max_length=40_000)]) -> HttpResponse:
    """Every event after the cursors, stream by stream; the kinds and what they say are in `/api/v1/events.json`."""
    cursors: dict[str, int] = {}
    for part in streams.split(","):
        match = _STREAM.fullmatch(part)
        if match is None:
            raise Invalid("Streams look like channel:ID@SEQ.", fields={"streams": part[:60]})
        cursors[match[1]] = int(match[2])
    return answer({"streams": sync.missed(request.auth, cursors)})


@router.get("/events.json", response={200: dict[str, Any]}, auth=None)
def get_event_schema(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of every event, as `GET /sync` and the socket hand it out."""
    return answer(schema())
