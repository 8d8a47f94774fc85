"""Endpoints on shares: channels that another organization has too, on its own server."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from channels_app.api.door import Items, Request, answer, nothing
from channels_app.api.params import IdPath, SlugOrId
from channels_app.chat import access, shapes, sharing
from channels_app.chat.forms import Form
from channels_app.chat.shapes import ChannelShape, ShareShape
from workspace.people import access as people_access

router = Router(tags=["shares"])


class ShareForm(Form):
    """`address` is what the offer is mailed to: another server's, or any person's."""

    address: Annotated[str, Field(max_length=320)]


class ShareAnswerForm(Form):
    """The channel as it will be here."""

    name: Annotated[str, Field(max_length=1000)]
    kind: Literal["public", "private"] = "private"


@router.get("/channels/{id}/shares", response=Items[ShareShape])
def list_shares(request: Request, id: IdPath) -> HttpResponse:
    access.channel(request.auth, id, "shares.list")
    return answer({"items": [shapes.share(row) for row in sharing.of_channel(id)], "next": None})


@router.post("/channels/{id}/shares", response={201: ShareShape})
def offer_share(request: Request, id: IdPath, form: ShareForm) -> HttpResponse:
    return answer(shapes.share(sharing.offer(person=request.auth, channel=id, address=form.address)), 201)


@router.delete("/channels/{id}/shares/{share}", response={204: None})
def end_share(request: Request, id: IdPath, share: IdPath) -> HttpResponse:
    sharing.end(person=request.auth, channel=id, share=share)
    return nothing()


@router.get("/orgs/{org}/shares", response=Items[ShareShape])
def list_offered_shares(request: Request, org: SlugOrId) -> HttpResponse:
    """What other organizations offer and nobody has answered yet, the latest first."""
    found = people_access.organization(request.auth, org)
    access.require(request.auth, "shares.answer")
    return answer({"items": [shapes.share(row) for row in sharing.pending(found)], "next": None})


@router.post("/orgs/{org}/shares/{share}", response={201: ChannelShape})
def accept_share(request: Request, org: SlugOrId, share: IdPath, form: ShareAnswerForm) -> HttpResponse:
    people_access.organization(request.auth, org)
    channel = sharing.approve(person=request.auth, share=share, name=form.name, kind=form.kind)
    return answer(shapes.channel(channel, request.auth), 201)


@router.delete("/orgs/{org}/shares/{share}", response={204: None})
def decline_share(request: Request, org: SlugOrId, share: IdPath) -> HttpResponse:
    people_access.organization(request.auth, org)
    sharing.decline(person=request.auth, share=share)
    return nothing()
