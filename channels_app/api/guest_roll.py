"""Endpoints on guests beyond one channel: several channels in one invitation, and all guests somebody looks after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field
from typing_extensions import TypedDict

from channels_app.api.door import LIMIT_DEFAULT, Items, Request, after, answer, nothing, page
from channels_app.api.guests import GuestInviteForm, utc
from channels_app.api.params import ID, NO_NUL, Cursor, IdPath, Limit, SlugOrId
from channels_app.chat import access, guests, shapes
from channels_app.chat.forms import Id
from channels_app.chat.models import Seat
from channels_app.chat.shapes import DeliveryName
from channels_app.guests import roll
from channels_app.guests.roll import Asked, Roll, State
from channels_app.guests.standing import Standing, StateName, standings
from workspace.events.log import stamp
from workspace.people import access as people_access
from workspace.people import shapes as people_shapes
from workspace.people.shapes import PersonShape

router = Router(tags=["guests"])

StateQuery = Annotated[State | None, Query()]
IdQuery = Annotated[str | None, Query(pattern=ID)]
NameQuery = Annotated[str | None, Query(max_length=200, pattern=NO_NUL)]


class HeldSeatShape(TypedDict):
    """A guest's seat in a channel, and how it stands with their mail there (as in `GuestShape`)."""

    channel: str
    channel_name: str
    sponsor: str | None
    expires_at: str | None
    delivery: DeliveryName
    joined_at: str
    active_at: str | None
    state: StateName
    why: str


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
    state: StateQuery = None,
    channel: IdQuery = None,
    sponsor: IdQuery = None,
    q: NameQuery = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> HttpResponse:
    people_access.organization(request.auth, org)
    access.require(request.auth, "guests.all")
    asked = Asked(state, channel or "", sponsor or "", q or "")
    return _page(roll.of_organization(request.auth, asked, after=after(cursor), limit=limit + 1), limit)


@router.delete("/orgs/{org}/guests/{guest}", response={204: None})
def remove_guest_everywhere(request: Request, org: SlugOrId, guest: IdPath) -> HttpResponse:
    people_access.organization(request.auth, org)
    guests.remove_everywhere(person=request.auth, guest=guest)
    return nothing()


@router.get("/me/guests", response=Items[HeldGuestShape])
def list_my_guests(
    request: Request,
    state: StateQuery = None,
    channel: IdQuery = None,
    sponsor: IdQuery = None,
    q: NameQuery = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> HttpResponse:
    """Those whom one looks after, as their sponsor or as admin of a channel."""
    access.require(request.auth, "guests.own")
    asked = Asked(state, channel or "", sponsor or "", q or "")
    return _page(roll.of_person(request.auth, asked, after=after(cursor), limit=limit + 1), limit)


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
    told = shapes.seat(seat)
    return {
        "channel": seat.membership.channel_id,
        "channel_name": seat.membership.channel.name,
        "sponsor": told["sponsor"],
        "expires_at": told["expires_at"],
        "delivery": told["delivery"],
        "joined_at": stamp(seat.membership.joined_at),
        "active_at": shapes.at(standing.active_at),
        "state": standing.state,
        "why": standing.why,
    }
