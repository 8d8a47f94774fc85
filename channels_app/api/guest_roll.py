"""Endpoints on guests beyond one channel: several channels in one invitation, and all guests somebody looks after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from channels_app.api.door import LIMIT_DEFAULT, Items, Request, after, answer, nothing, page
from channels_app.api.guests import GuestInviteForm, SeatedShape, seated, utc
from channels_app.api.params import ID, NO_NUL, Cursor, IdPath, Limit, SlugOrId
from channels_app.chat import access, guests
from channels_app.chat.forms import Id
from channels_app.chat.models import Seat
from channels_app.guests import roll
from channels_app.guests.roll import Asked, Roll, State
from channels_app.guests.standing import Standing, standings
from workspace.people import access as people_access
from workspace.people import shapes as people_shapes
from workspace.people.shapes import PersonShape

router = Router(tags=["guests"])


class GuestQuery(Schema):
    """Which guests are looked for; `q` is in a name or address."""

    state: State | None = None
    channel: Annotated[str | None, Field(pattern=ID)] = None
    sponsor: Annotated[str | None, Field(pattern=ID)] = None
    q: Annotated[str | None, Field(max_length=200, pattern=NO_NUL)] = None

    @property
    def asked(self) -> Asked:
        return Asked(self.state, self.channel or "", self.sponsor or "", self.q or "")


class HeldSeatShape(SeatedShape):
    """A guest's seat in one of their channels."""

    channel: str
    channel_name: str


class HeldGuestShape(PersonShape):
    """A guest and the channels they are in; `elsewhere` counts those that the reader does not see."""

    seats: list[HeldSeatShape]
    elsewhere: int


class GuestInvitationForm(GuestInviteForm):
    channels: Annotated[list[Id], Field(min_length=1, max_length=guests.MOST_CHANNELS)]


@router.post("/orgs/{org}/guests", response={201: HeldGuestShape})
def invite_guest_to(request: Request, org: SlugOrId, form: GuestInvitationForm) -> HttpResponse:
    """Into all of the channels, or into none: what is wrong with one is in `fields` under its id."""
    people_access.organization(request.auth, org)
    seats = guests.invite_to(
        person=request.auth,
        channels=form.channels,
        email=form.email,
        name=form.name,
        expires_at=utc(form.expires_at),
    )
    guest = roll.Guest(seats[0].membership.person, seats, 0)
    return answer(_guest(guest, Roll([guest], standings(seats))), 201)


@router.get("/orgs/{org}/guests", response=Items[HeldGuestShape])
def list_all_guests(
    request: Request,
    org: SlugOrId,
    query: Annotated[GuestQuery, Query()],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> HttpResponse:
    people_access.organization(request.auth, org)
    access.require(request.auth, "guests.all")
    return _page(roll.of_organization(request.auth, query.asked, after=after(cursor), limit=limit + 1), limit)


@router.delete("/orgs/{org}/guests/{guest}", response={204: None})
def remove_guest_everywhere(request: Request, org: SlugOrId, guest: IdPath) -> HttpResponse:
    people_access.organization(request.auth, org)
    guests.remove_everywhere(person=request.auth, guest=guest)
    return nothing()


@router.get("/me/guests", response=Items[HeldGuestShape])
def list_my_guests(
    request: Request,
    query: Annotated[GuestQuery, Query()],
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> HttpResponse:
    """Those whom one looks after, as their sponsor or as admin of a channel."""
    access.require(request.auth, "guests.own")
    return _page(roll.of_person(request.auth, query.asked, after=after(cursor), limit=limit + 1), limit)


def _page(found: Roll, limit: int) -> HttpResponse:
    shown, following = page(found.guests, limit, lambda guest: guest.person.id)
    return answer({"items": [_guest(guest, found) for guest in shown], "next": following})


def _guest(guest: roll.Guest, found: Roll) -> HeldGuestShape:
    return {
        **people_shapes.person(guest.person),
        "seats": _seats(guest.seats, found),
        "elsewhere": guest.elsewhere,
    }


def _seats(seats: Sequence[Seat], found: Roll) -> list[HeldSeatShape]:
    return [_seat(seat, found.standings[seat.membership.person_id, seat.membership.channel_id]) for seat in seats]


def _seat(seat: Seat, standing: Standing) -> HeldSeatShape:
    channel = seat.membership.channel
    return {"channel": channel.id, "channel_name": channel.name, **seated(seat, standing)}
