"""Endpoints on first contact: what strangers wrote to the person who asks, and whom they do not want to hear of."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Router
from typing_extensions import TypedDict

from channels_app.api.door import Request, answer, nothing
from channels_app.api.params import IdPath
from channels_app.chat import shapes
from channels_app.chat.kinds import RequestShape
from channels_app.chat.shapes import ChannelShape
from channels_app.guests import members, requests
from channels_app.guests.requests import BlockedShape, OpenRequestShape

router = Router(tags=["requests"])


class TrayShape(TypedDict):
    """The open requests, the newest first; `address` is where people write to the one who asks."""

    items: list[RequestShape]
    address: str


class BlockedItems(TypedDict):
    items: list[BlockedShape]


@router.get("/me/requests", response=TrayShape)
def list_requests(request: Request) -> HttpResponse:
    rows = requests.tray(request.auth)
    return answer({"items": [requests.shape(row) for row in rows], "address": members.address(request.auth)})


@router.get("/me/requests/{id}", response=OpenRequestShape)
def get_request(request: Request, id: IdPath) -> HttpResponse:
    return answer(requests.look(request.auth, id))


@router.post("/me/requests/{id}/accept", response=ChannelShape)
def accept_request(request: Request, id: IdPath) -> HttpResponse:
    """Make a direct conversation of it, with the mails in it."""
    channel = requests.accept(person=request.auth, request=id)
    return answer(shapes.channel(channel, request.auth))


@router.post("/me/requests/{id}/decline", response={204: None})
def decline_request(request: Request, id: IdPath) -> HttpResponse:
    requests.decline(person=request.auth, request=id)
    return nothing()


@router.post("/me/requests/{id}/block", response={204: None})
def block_request(request: Request, id: IdPath) -> HttpResponse:
    requests.block(person=request.auth, request=id)
    return nothing()


@router.get("/me/blocked", response=BlockedItems)
def list_blocked(request: Request) -> HttpResponse:
    return answer({"items": requests.blocked_by(request.auth)})


@router.delete("/me/blocked/{id}", response={204: None})
def unblock(request: Request, id: IdPath) -> HttpResponse:
    requests.unblock(person=request.auth, blocked=id)
    return nothing()
