"""Endpoints on links by which people ask to be guests, and on who asks."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpResponse
from ninja import Router
from pydantic import AwareDatetime, Field

from channels_app.api.door import LIMIT_DEFAULT, Items, Request, after, answer, nothing, page
from channels_app.api.guests import GuestShape, shown_guests, utc
from channels_app.api.params import Cursor, IdPath, Limit
from channels_app.chat import access, guest_links, shapes
from channels_app.chat.forms import Flag, Form
from channels_app.chat.models import GuestLink
from channels_app.chat.shapes import GuestRequestShape, LinkShape
from channels_app.guests import addresses

router = Router(tags=["guests"])


class GuestLinkShape(LinkShape):
    """A link with its address, for those who may end it."""

    url: str


class GuestLinkForm(Form):
    approval: Flag = True
    most: Annotated[int, Field(ge=1, le=guest_links.MOST_GUESTS, strict=True)] | None = None
    expires_at: AwareDatetime | None = None


@router.get("/channels/{id}/guest-links", response=Items[GuestLinkShape])
def list_guest_links(request: Request, id: IdPath) -> HttpResponse:
    """Those that one may end: one's own, or all for the channel's admins."""
    rows = guest_links.links(request.auth, id)
    return answer({"items": [_link(row) for row in rows], "next": None})


@router.post("/channels/{id}/guest-links", response={201: GuestLinkShape})
def make_guest_link(request: Request, id: IdPath, form: GuestLinkForm) -> HttpResponse:
    row = guest_links.make(
        person=request.auth, channel=id, approval=form.approval, most=form.most, expires_at=utc(form.expires_at)
    )
    return answer(_link(row), 201)


@router.delete("/guest-links/{link}", response={204: None})
def revoke_guest_link(request: Request, link: IdPath) -> HttpResponse:
    guest_links.revoke(person=request.auth, link=link)
    return nothing()


@router.get("/me/guest-requests", response=Items[GuestRequestShape])
def list_guest_requests(request: Request, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None) -> HttpResponse:
    """Who asks to be a guest and waits for one's answer."""
    access.require(request.auth, "me.read")
    rows = guest_links.waiting(request.auth, after=after(cursor), limit=limit + 1)
    shown, following = page(rows, limit, lambda row: row.id)
    return answer({"items": [shapes.guest_request(row) for row in shown], "next": following})


@router.post("/guest-requests/{asked}/approve", response=GuestShape)
def approve_guest(request: Request, asked: IdPath) -> HttpResponse:
    return answer(shown_guests([guest_links.approve(person=request.auth, request=asked)])[0])


@router.delete("/guest-requests/{asked}", response={204: None})
def decline_guest(request: Request, asked: IdPath) -> HttpResponse:
    guest_links.decline(person=request.auth, request=asked)
    return nothing()


def _link(row: GuestLink) -> GuestLinkShape:
    return {**shapes.guest_link(row), "url": addresses.ask_url(row.id)}
