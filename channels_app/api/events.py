"""The published schema of events, made from the types the verbs write with: in the OpenAPI document, and by itself."""

from __future__ import annotations

from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, create_model

from channels_app.chat import kinds
from channels_app.chat.shapes import OriginName

LATER = "\nKinds and fields may be added: leave out what you don't know."
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def _model(stream: str, kind: str, payload: type) -> type[BaseModel]:
    name = "".join(word.title() for word in [stream, *kind.split(".")]) + "Event"
    fields: dict[str, Any] = {
        "stream": Annotated[str, Field(pattern=f"^{stream}:[0-9A-Za-z]+$")],
        "seq": Annotated[int, Field(ge=1)],
        "kind": Literal[kind],
        "actor": str | None,
        "origin": OriginName,
        "payload": payload,
        "at": Annotated[str, Field(json_schema_extra={"format": "date-time"})],
    }
    return create_model(name, __doc__=f"`{kind}` in the stream of {WHOSE[stream]}.", **fields)


WHOSE = {"channel": "a channel", "org": "an organization", "person": "one person"}
MODELS = {
    (stream, kind): _model(stream, kind, payload)
    for stream, table in kinds.STREAMS.items()
    for kind, payload in table.items()
}
EventShape: Any = reduce(or_, MODELS.values())


@cache
def schema() -> dict[str, Any]:
    """JSON Schema of one event, as `GET /sync` and the socket hand it out (a frame has its `type` beside)."""
    made = TypeAdapter(EventShape).json_schema()
    head = {"$schema": DIALECT, "title": "A Roost event", "description": f"{kinds.__doc__}{LATER}"}
    return {**head, **made}
