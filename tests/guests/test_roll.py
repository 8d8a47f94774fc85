"""Guests over several channels: invited into all or none, listed for who looks after them."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from channels_app.chat import channels, guests, messages
from channels_app.chat.models import Membership, Seat
from channels_app.guests.models import Mailbox
from tests.cast import Api, Cast
from workspace.events.models import Lane
from workspace.people.models import Person


@pytest.fixture
def lounge(cast: Cast) -> str:
    """An open channel of Alice's, with Bob in it."""
    return channels.create(person=cast.alice, name="lounge", kind="public", members=[cast.bob.id]).id


def _invite(cast: Cast, *where: str, who: str = "bob", email: str = "gus@g.test") -> Any:
    api = Api(cast.named(who))
    return api.post(f"/orgs/{cast.acme.slug}/guests", {"email": email, "channels": [*where]})


def _all(cast: Cast, query: str = "", who: str = "alice") -> list[str]:
    answer = Api(cast.named(who)).get(f"/orgs/{cast.acme.slug}/guests{query}")
    return [guest["email"] for guest in answer.json()["items"]]


def test_several_channels_in_one_invitation(cast: Cast, lounge: str) -> None:
    answer = _invite(cast, cast.general.id, lounge, cast.secret.id)
    guest = answer.json()
    assert answer.status_code == 201 and guest["role"] == "guest"
    assert [seat["channel_name"] for seat in guest["seats"]] == ["general", "lounge", "secret"]
    assert {seat["sponsor"] for seat in guest["seats"]} == {cast.bob.id}
    assert len(set(Seat.objects.values_list("since", flat=True))) == 1


def test_all_or_none_and_each_channel_says_why(cast: Cast, lounge: str) -> None:
    guests.invite(person=cast.bob, channel=lounge, email="gus@g.test")
    hidden = channels.create(person=cast.alice, name="hidden", kind="private").id
    talk, _ = channels.direct(person=cast.bob, members=[cast.alice.id])
    taken = _invite(cast, cast.general.id, lounge)
    assert taken.status_code == 409
    assert taken.json()["error"]["fields"] == {lounge: "This guest is in the channel already."}
    unseen = _invite(cast, hidden, talk.id, cast.general.id)
    assert unseen.status_code == 404 and set(unseen.json()["error"]["fields"]) == {hidden, talk.id}
    assert _invite(cast).status_code == _invite(cast, *[f"x{n}" for n in range(51)]).status_code == 422
    assert _invite(cast, cast.general.id, who="charlie").status_code == 404
    assert _invite(cast, cast.general.id, who="dana").status_code == 403
    assert Seat.objects.count() == 1


def test_the_same_channel_twice_is_once(cast: Cast) -> None:
    assert len(_invite(cast, cast.general.id, cast.general.id).json()["seats"]) == 1


def test_private_channels_one_is_not_in_are_counted_and_not_named(cast: Cast) -> None:
    _invite(cast, cast.general.id, cast.secret.id)
    for who, elsewhere in (("alice", 0), ("amy", 1)):
        answer = Api(cast.named(who)).get(f"/orgs/{cast.acme.slug}/guests")
        (guest,) = answer.json()["items"]
        assert guest["elsewhere"] == elsewhere and len(guest["seats"]) == 2 - elsewhere
        assert ("secret" in answer.content.decode()) is (who == "alice")


def test_who_looks_after_whom(cast: Cast, lounge: str) -> None:
    """Bob sponsors Gus; Alice is the admin of both channels; Amy may see all and looks after none by herself."""
    _invite(cast, cast.general.id)
    _invite(cast, lounge, who="alice", email="hal@h.test")
    mine = {name: Api(cast.named(name)).get("/me/guests").json()["items"] for name in ("alice", "amy", "bob")}
    assert {name: [guest["email"] for guest in found] for name, found in mine.items()} == {
        "alice": ["gus@g.test", "hal@h.test"],
        "amy": [],
        "bob": ["gus@g.test"],
    }


def test_what_is_looked_for(cast: Cast, lounge: str, settings: Settings) -> None:
    settings.SMTP_URL = "smtp://127.0.0.1:1"
    _invite(cast, cast.general.id, email="gus@g.test")
    _invite(cast, lounge, who="alice", email="hal@h.test")
    _invite(cast, lounge, email="ida@i.test")
    hal, ida = (Person.objects.get(email=email) for email in ("hal@h.test", "ida@i.test"))
    Mailbox.objects.create(person=hal, failures=1, why="550 no")
    Lane.objects.create(subscriber=guests.lane_of(ida.id), stream_id=f"channel:{lounge}", attempts=2, why="451 later")
    assert _all(cast) == ["gus@g.test", "hal@h.test", "ida@i.test"]
    assert _all(cast, f"?channel={lounge}") == ["hal@h.test", "ida@i.test"]
    assert _all(cast, f"?sponsor={cast.bob.id}") == ["gus@g.test", "ida@i.test"]
    assert [_all(cast, f"?state={state}") for state in ("ok", "failing", "waiting", "paused")] == [
        ["gus@g.test"],
        ["hal@h.test"],
        ["ida@i.test"],
        [],
    ]
    guests.choose(guest=ida, channel=lounge, delivery="paused")
    assert _all(cast, "?state=paused") == ["ida@i.test"]
    assert _all(cast, "?q=HAL") == ["hal@h.test"] and _all(cast, "?q=nobody") == []
    settings.SMTP_URL = ""  # then all waits that has not failed
    assert _all(cast, "?state=waiting") == ["gus@g.test", "ida@i.test"]


def test_what_is_shown(cast: Cast, lounge: str) -> None:
    _invite(cast, cast.general.id, lounge)
    gus = Person.objects.get(email="gus@g.test")
    posted = messages.post(person=gus, channel=lounge, text="hi").message
    Mailbox.objects.create(person=gus, failures=1, why="550 no")
    (guest,) = Api(cast.alice).get(f"/orgs/{cast.acme.id}/guests").json()["items"]
    seats = {seat["channel_name"]: seat for seat in guest["seats"]}
    assert (seats["general"]["active_at"], seats["lounge"]["active_at"]) == (None, posted["created_at"])
    assert {(seat["state"], seat["why"]) for seat in seats.values()} == {("failing", "550 no")}


def test_page_by_page(cast: Cast) -> None:
    for n in range(3):
        _invite(cast, cast.general.id, email=f"g{n}@g.test")
    path = f"/orgs/{cast.acme.slug}/guests?limit=2"
    first = Api(cast.alice).get(path).json()
    rest = Api(cast.alice).get(f"{path}&cursor={first['next']}").json()
    found = [guest["email"] for guest in (*first["items"], *rest["items"])]
    assert found == ["g0@g.test", "g1@g.test", "g2@g.test"] and rest["next"] is None


def test_guests_of_others_and_those_who_left_are_not_there(cast: Cast) -> None:
    _invite(cast, cast.general.id)
    elsewhere = channels.create(person=cast.charlie, name="theirs", kind="public").id
    guests.invite(person=cast.charlie, channel=elsewhere, email="gus@g.test")
    assert len(_all(cast)) == 1  # Dana has an account and no seat
    guests.leave(guest=Person.objects.get(org=cast.acme, email="gus@g.test"), channel=cast.general.id)
    assert _all(cast) == []


def test_an_admin_ends_all_of_it(cast: Cast, lounge: str) -> None:
    _invite(cast, cast.general.id, lounge, cast.secret.id)
    gus = Person.objects.get(email="gus@g.test")
    talk, _ = channels.direct(person=cast.bob, members=[gus.id])
    path = f"/orgs/{cast.acme.slug}/guests/{gus.id}"
    assert [Api(cast.named(who))("DELETE", path).status_code for who in ("bob", "charlie", "dana")] == [403, 404, 403]
    assert Api(cast.amy)("DELETE", path).status_code == 204
    assert [row.channel for row in Membership.objects.filter(person=gus)] == [talk]
    assert Seat.objects.get().delivery == "paused"
    assert Api(cast.amy)("DELETE", f"/orgs/{cast.acme.slug}/guests/{cast.bob.id}").status_code == 404


def test_another_vouches(cast: Cast) -> None:
    _invite(cast, cast.general.id)
    gus, api = Person.objects.get(email="gus@g.test"), Api(cast.bob)
    path = f"/channels/{cast.general.id}/guests/{gus.id}"
    for wrong in (cast.dana.id, cast.charlie.id, gus.id, "nobody"):
        assert api("PATCH", path, {"sponsor": wrong}).status_code == 422
    assert api("PATCH", path, {"sponsor": cast.amy.id}).json()["sponsor"] == cast.amy.id
    assert api("PATCH", path, {"delivery": "daily"}).status_code == 403  # Gus is no longer Bob's to look after
    assert [Api(cast.named(who)).get("/me/guests").json()["items"] != [] for who in ("amy", "bob")] == [True, False]


def test_an_address_that_failed_is_tried_again(cast: Cast) -> None:
    _invite(cast, cast.general.id)
    gus = Person.objects.get(email="gus@g.test")
    Mailbox.objects.create(person=gus, failures=3, why="550 no")
    guests.give_up(guest=gus, channel=cast.general.id, why="550 no")
    path = f"/channels/{cast.general.id}/guests/{gus.id}"
    Api(cast.bob)("PATCH", path, {"expires_at": "2100-01-01T00:00:00Z"})
    assert Mailbox.objects.get().failures == 3
    again = Api(cast.bob)("PATCH", path, {"delivery": "every"}).json()
    assert (again["delivery"], Mailbox.objects.get().failures) == ("every", 0)


def test_the_organizations_choice(cast: Cast) -> None:
    path, api = f"/orgs/{cast.acme.slug}", Api(cast.alice)
    assert api.get("/me").json()["org"]["guest_invites"] == "members"
    assert api("PATCH", path, {"guest_invites": "everybody"}).status_code == 422
    assert api("PATCH", path, {"guest_invites": "admins"}).json()["guest_invites"] == "admins"
    assert _invite(cast, cast.general.id).status_code == 403
    assert _invite(cast, cast.general.id, who="amy").status_code == 201
