"""Guests: who may bring them in, and when their time ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from channels_app.chat import channels, guests, members, messages
from channels_app.chat.models import Membership, Seat
from tests.cast import Api, Cast
from workspace.events import log
from workspace.events.refusal import Conflict, Forbidden, Invalid, NotFound
from workspace.people import persons
from workspace.people.models import Person


def _invite(cast: Cast, **changes: Any) -> Seat:
    asked: dict[str, Any] = {"person": cast.bob, "channel": cast.general.id, "email": "Gus@G.test"}
    return guests.invite(**asked | changes)


def _kinds(cast: Cast) -> list[str]:
    return [entry.kind for entry in log.read(cast.general.stream, 0, limit=100)]


def test_a_guest_sees_the_channel_and_its_people_only(cast: Cast) -> None:
    gus = _invite(cast, name="Gus").membership.person
    api = Api(gus)
    assert (gus.role, gus.email, gus.name) == ("guest", "gus@g.test", "Gus")
    assert [one["name"] for one in api.get("/channels?filter=all").json()["items"]] == ["general"]
    assert "Amy Admin" in api.get(f"/channels/{cast.general.id}/members").content.decode()
    assert api.get(f"/orgs/{cast.acme.slug}/members").status_code == 403
    for path in (f"/channels/{cast.general.id}/guests", f"/orgs/{cast.acme.slug}/guests", "/me/guests"):
        assert api.get(path).status_code == 403
    assert api.get("/me/guest-requests").json()["items"] == []
    followed = api.get(f"/sync?streams={cast.acme.stream}@0,{cast.general.stream}@0").json()["streams"]
    assert list(followed) == [cast.general.stream]
    assert api.get(f"/channels/{cast.secret.id}/members").status_code == 404
    assert _kinds(cast)[-2:] == ["member.joined", "guest.joined"]


def test_the_same_address_elsewhere_is_the_same_person(cast: Cast) -> None:
    one, other = _invite(cast), _invite(cast, channel=cast.secret.id, email="gus@g.test")
    assert one.membership.person == other.membership.person


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"email": "amy@a.test"}, Conflict),
        ({"email": "no address"}, Invalid),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, Invalid),
        ({"channel": "nowhere"}, NotFound),
    ],
)
def test_what_is_refused(cast: Cast, changes: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        _invite(cast, **changes)
    assert not Seat.objects.exists()


def test_nobody_is_invited_twice_or_into_a_conversation(cast: Cast) -> None:
    _invite(cast)
    with pytest.raises(Conflict):
        _invite(cast)
    talk, _ = channels.direct(person=cast.bob, members=[cast.alice.id])
    with pytest.raises(Invalid):
        _invite(cast, channel=talk.id)


def test_the_organization_may_leave_it_to_admins(cast: Cast) -> None:
    cast.acme.settings = {"guest_invites": "admins"}
    cast.acme.save()
    with pytest.raises(Forbidden):
        _invite(cast, person=Person.objects.get(id=cast.bob.id))
    _invite(cast, person=Person.objects.get(id=cast.amy.id))


def test_who_looks_after_a_guest(cast: Cast) -> None:
    """The sponsor, the channel's admin and the organization's; not just any member."""
    eve = persons.add(org=cast.acme, email="eve@a.test", by=cast.alice)
    members.join(person=eve, channel=cast.general.id)
    gus = _invite(cast).membership.person
    for person in (cast.bob, cast.alice, cast.amy):
        guests.change(person=person, channel=cast.general.id, guest=gus.id, delivery="mentions")
    for person, refusal in ((eve, Forbidden), (gus, Forbidden), (cast.charlie, NotFound)):
        with pytest.raises(refusal):
            guests.remove(person=person, channel=cast.general.id, guest=gus.id)
    guests.remove(person=cast.bob, channel=cast.general.id, guest=gus.id)
    assert not Membership.objects.filter(person=gus).exists()


def test_a_time_ends(cast: Cast) -> None:
    gus = _invite(cast, expires_at=timezone.now() + timedelta(days=1)).membership.person
    _invite(cast, email="hal@h.test")
    assert guests.expire() == 0
    Seat.objects.filter(membership__person=gus).update(expires_at=timezone.now())
    assert guests.expire() == 1
    assert _kinds(cast)[-2:] == ["member.left", "guest.left"]
    with pytest.raises(NotFound):
        messages.post(person=gus, channel=cast.general.id, text="still here?")
    assert [seat.membership.person.email for seat in guests.seats(cast.general.id, limit=9)] == ["hal@h.test"]


def test_an_end_is_set_and_taken_away(cast: Cast) -> None:
    gus, api = _invite(cast).membership.person, Api(cast.bob)
    path = f"/channels/{cast.general.id}/guests/{gus.id}"
    answer = api("PATCH", path, {"expires_at": "2100-01-01T02:00:00+02:00"}).json()
    assert answer["expires_at"] == "2100-01-01T00:00:00.000Z"
    assert api("PATCH", path, {"delivery": "daily"}).json()["expires_at"] == answer["expires_at"]
    assert api("PATCH", path, {"expires_at": None}).json()["expires_at"] is None
    assert api("PATCH", path, {"expires_at": "2020-01-01T00:00:00Z"}).status_code == 422
    for wrong in ("2100-01-01T00:00:00", "9999-12-31T23:59:59-12:00"):
        assert api("PATCH", path, {"expires_at": wrong}).status_code == 422


def test_members_who_are_taken_out_take_their_seat_along(cast: Cast) -> None:
    gus = _invite(cast).membership.person
    members.remove(person=cast.alice, channel=cast.general.id, member=gus.id)
    assert not Seat.objects.exists()
    assert _kinds(cast)[-1] == "guest.left"


def test_who_lives_by_mail_does_so_in_every_channel(cast: Cast) -> None:
    gus = _invite(cast).membership.person
    members.add(person=cast.bob, channel=cast.secret.id, people=[gus.id, cast.amy.id])
    talk, _ = channels.direct(person=cast.bob, members=[gus.id])
    seats = Seat.objects.filter(membership__channel__in=[cast.secret.id, talk.id])
    assert [(seat.membership.person, seat.sponsor) for seat in seats] == [(gus, cast.bob)] * 2
    with pytest.raises(Invalid):
        guests.remove(person=cast.bob, channel=talk.id, guest=gus.id)
    guests.leave(guest=gus, channel=talk.id)
    assert Seat.objects.get(membership__channel=talk).delivery == "paused"


def test_a_guest_of_the_page_may_take_mail_too(cast: Cast) -> None:
    seat = _invite(cast, email="dana@d.test")
    assert (seat.membership.person, _kinds(cast)[-1]) == (cast.dana, "guest.joined")
    with pytest.raises(Conflict):
        _invite(cast, email="dana@d.test")
