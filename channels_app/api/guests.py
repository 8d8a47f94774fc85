"""Endpoints on guests: people who take part in a channel by mail alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from django.db import transaction
from django.http import HttpResponse
from ninja import Router
from pydantic import AwareDatetime, Field
from typing_extensions import TypedDict

from channels_app.api.door import LIMIT_DEFAULT, Items, Request, after, answer, nothing, page
from channels_app.api.params import Cursor, IdPath, Limit
from channels_app.chat import access, guests, shapes
from channels_app.chat.forms import Form, Id
from channels_app.chat.models import Seat
from channels_app.chat.shapes import DeliveryName
from channels_app.guests import mailboxes
from channels_app.guests.standing import Standing, StateName, standings
from workspace.events.log import stamp
from workspace.events.refusal import Invalid
from workspace.people import shapes as people_shapes
from workspace.people.shapes import PersonShape

router = Router(tags=["guests"])


class SeatedShape(TypedDict):
    """How a guest sits in a channel; `sponsor` (a person's id) is who vouches for them.

    `active_at` is when they were heard of last, `state` whether mail reaches them, and `why` it does not. `encrypted`:
    mail is encrypted between them and this server, which itself reads it.
    """

    sponsor: str | None
    expires_at: str | None
    delivery: DeliveryName
    joined_at: str
    active_at: str | None
    state: StateName
    why: str
    encrypted: bool


class GuestShape(PersonShape, SeatedShape):
    """A guest of a channel."""


class GuestInviteForm(Form):
    email: Annotated[str, Field(max_length=320)]
    name: Annotated[str, Field(max_length=1000)] = ""
    expires_at: AwareDatetime | None = None


class GuestForm(Form):
    expires_at: AwareDatetime | None = None
    delivery: Literal["every", "mentions", "hourly", "daily", "paused"] | None = None
    sponsor: Id | None = None


@router.get("/channels/{id}/guests", response=Items[GuestShape])
def list_guests(request: Request, id: IdPath, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None) -> HttpResponse:
    access.channel(request.auth, id, "guests.list")
    rows = guests.seats(id, after=after(cursor), limit=limit + 1)
    shown, following = page(rows, limit, lambda seat: seat.membership.person_id)
    return answer({"items": shown_guests(shown), "next": following})


@router.post("/channels/{id}/guests", response={201: GuestShape})
def invite_guest(request: Request, id: IdPath, form: GuestInviteForm) -> HttpResponse:
    seat = guests.invite(
        person=request.auth, channel=id, email=form.email, name=form.name, expires_at=utc(form.expires_at)
    )
    return answer(shown_guests([seat])[0], 201)


@router.patch("/channels/{id}/guests/{guest}", response=GuestShape)
def change_guest(request: Request, id: IdPath, guest: IdPath, form: GuestForm) -> HttpResponse:
    until = utc(form.expires_at) if "expires_at" in form.model_fields_set else guests.KEEP
    with transaction.atomic():
        seat = guests.change(
            person=request.auth,
            channel=id,
            guest=guest,
            expires_at=until,
            delivery=form.delivery or "",
            sponsor=form.sponsor or "",
        )
        if form.delivery not in (None, Seat.Delivery.PAUSED):
            mailboxes.try_again(guest)
    return answer(shown_guests([seat])[0])


@router.delete("/channels/{id}/guests/{guest}", response={204: None})
def remove_guest(request: Request, id: IdPath, guest: IdPath) -> HttpResponse:
    guests.remove(person=request.auth, channel=id, guest=guest)
    return nothing()


def utc(moment: datetime | None) -> datetime | None:
    """A moment as it is stored. Raises `Invalid` beyond the end of time."""
    try:
        return moment.astimezone(UTC) if moment else None
    except OverflowError:
        raise Invalid("This is beyond the end of time.", fields={"expires_at": "too late"}) from None


def shown_guests(seats: Sequence[Seat]) -> list[GuestShape]:
    """Seats of one channel as its list shows them."""
    known = standings(seats)
    return [_guest(seat, known[seat.membership.person_id, seat.membership.channel_id]) for seat in seats]


def _guest(seat: Seat, standing: Standing) -> GuestShape:
    return {**people_shapes.person(seat.membership.person), **seated(seat, standing)}


def seated(seat: Seat, standing: Standing) -> SeatedShape:
    """A seat as every list of guests shows it."""
    told = shapes.seat(seat)
    return {
        "sponsor": told["sponsor"],
        "expires_at": told["expires_at"],
        "delivery": told["delivery"],
        "joined_at": stamp(seat.membership.joined_at),
        "active_at": shapes.at(standing.active_at),
        "state": standing.state,
        "why": standing.why,
        "encrypted": told["encrypted"],
    }
