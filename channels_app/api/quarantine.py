"""Endpoints on quarantine: mails that were kept back, for admins."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpResponse, HttpResponseBase
from ninja import Query, Router
from typing_extensions import TypedDict

from channels_app.api.door import LIMIT_DEFAULT, Items, Request, after, answer, nothing, page
from channels_app.api.params import ID, Cursor, IdPath, Limit, SlugOrId
from channels_app.chat import markdown
from channels_app.chat.shapes import OriginName
from channels_app.files import serving
from channels_app.guests import requests
from channels_app.guests.requests import HeldFileShape
from channels_app.letters import held
from channels_app.letters.held import Held
from workspace.events.log import stamp
from workspace.events.refusal import Malformed
from workspace.people import access as people_access

router = Router(tags=["quarantine"])
MOST_HEADERS = 200
HEADER_LENGTH = 1000
LONGEST_NUMBER = 18  # digits that always fit into 64 bits


class HeldShape(TypedDict):
    """A mail that was kept back, `why`, and the `channel` or the `person` (ids) it was for.

    One that is not `readable` is for a conversation that the admin is not in.
    """

    id: str
    channel: str | None
    person: str | None
    sender: str
    why: str
    origin: OriginName
    size: int
    at: str
    readable: bool


class HeaderShape(TypedDict):
    name: str
    value: str


class HeldMailShape(HeldShape):
    """The same with what is in it; `html` is safe to be shown."""

    from_name: str
    subject: str
    text: str
    html: str
    files: list[HeldFileShape]
    headers: list[HeaderShape]


class ReleasedShape(TypedDict):
    """What a mail became: a message in a channel, or a request in somebody's tray (ids)."""

    message: str | None
    request: str | None


@router.get("/orgs/{org}/quarantine", response=Items[HeldShape])
def list_held(
    request: Request,
    org: SlugOrId,
    channel: Annotated[str, Query(pattern=ID)] | None = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> HttpResponse:
    people_access.organization(request.auth, org)
    rows = held.listed(request.auth, channel=channel or "", before=_number(after(cursor)), limit=limit + 1)
    shown, following = page(rows, limit, lambda one: str(one.row.id))
    return answer({"items": [_held(one) for one in shown], "next": following})


def _number(key: str) -> int | None:
    if key and not _row(key):
        raise Malformed("This cursor is not one of ours.")
    return _row(key) or None


def _row(id: str) -> int:
    """The number of a row; 0, which no row has, for an id that is none."""
    return int(id) if id.isascii() and id.isdecimal() and len(id) <= LONGEST_NUMBER else 0


@router.get("/orgs/{org}/quarantine/{id}", response=HeldMailShape)
def get_held(request: Request, org: SlugOrId, id: IdPath) -> HttpResponse:
    people_access.organization(request.auth, org)
    found = held.look(request.auth, _row(id))
    parsed = found.parsed
    shown: HeldMailShape = {
        **_held(found.held),
        "from_name": parsed.from_.name if parsed.from_ else "",
        "subject": parsed.subject,
        "text": parsed.text,
        "html": markdown.render(parsed.text) if parsed.text else "",
        "files": requests.files_shown(parsed),
        "headers": [
            {"name": name, "value": value[:HEADER_LENGTH]} for name, value in found.headers.order[:MOST_HEADERS]
        ],
    }
    return answer(shown)


_BYTES = {"description": "The mail as it came.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}


@router.get("/orgs/{org}/quarantine/{id}/raw", response={200: None}, openapi_extra={"responses": {200: _BYTES}})
def download_held(request: Request, org: SlugOrId, id: IdPath) -> HttpResponseBase:
    people_access.organization(request.auth, org)
    found = held.one(request.auth, _row(id))
    # Never as message/rfc822: browsers and their helpers show what is in it.
    name, tag = f"held-{found.row.id}.eml", str(found.row.id)
    response = serving.serve(
        request, held.content(found), name=name, kind="application/octet-stream", inline=False, tag=tag
    )
    response["Cache-Control"] = "private, no-store"
    return response


@router.post("/orgs/{org}/quarantine/{id}/release", response=ReleasedShape)
def release_held(request: Request, org: SlugOrId, id: IdPath) -> HttpResponse:
    """Post it as whom it says it is from; what was for a member goes into their tray of requests."""
    people_access.organization(request.auth, org)
    released: ReleasedShape = {"message": None, "request": None}
    if held.one(request.auth, _row(id)).person:
        released["request"] = requests.let_in(person=request.auth, held=_row(id)).id
    else:
        released["message"] = held.release(person=request.auth, held=_row(id))
    return answer(released)


@router.delete("/orgs/{org}/quarantine/{id}", response={204: None})
def delete_held(request: Request, org: SlugOrId, id: IdPath) -> HttpResponse:
    people_access.organization(request.auth, org)
    held.delete(person=request.auth, held=_row(id))
    return nothing()


def _held(one: Held) -> HeldShape:
    row = one.row
    return {
        "id": str(row.id),
        "channel": one.channel,
        "person": one.person,
        "sender": row.sender or row.user,
        "why": row.why,
        "origin": row.origin,
        "size": row.size,
        "at": stamp(row.at),
        "readable": one.readable,
    }
