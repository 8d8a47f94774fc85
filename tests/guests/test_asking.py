"""The page of an invitation link, as a stranger finds it."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import Settings

from channels_app.chat import channels, guest_links
from channels_app.chat.models import GuestLink, GuestRequest, Seat
from channels_app.guests import addresses
from channels_app.web import asking
from tests.cast import Api, Cast

GUS = {"name": "Gus", "email": "gus@g.test"}


def _link(cast: Cast, who: str = "bob", *, approval: bool = True) -> GuestLink:
    return guest_links.make(person=cast.named(who), channel=cast.general.id, approval=approval)


def _path(link: GuestLink) -> str:
    return addresses.ask_url(link.id).partition("8000")[2]


def test_a_look_says_who_invites_to_what_and_changes_nothing(cast: Cast) -> None:
    channels.change(person=cast.alice, channel=cast.general.id, topic="Tom & <b>Jerry</b>")
    answer = Client().get(_path(_link(cast)))
    page = answer.content.decode()
    for part in ("Bob invites you", "general", cast.acme.name, "Tom &amp; &lt;b&gt;Jerry", "approves it first"):
        assert part in page
    assert "<script" not in page and "noindex" in answer["X-Robots-Tag"] and answer["Cache-Control"] == "no-store"
    assert not GuestRequest.objects.exists()


def test_the_form_needs_its_own_token(cast: Cast) -> None:
    """No other site can fill it in for somebody."""
    client, path = Client(enforce_csrf_checks=True), _path(_link(cast))
    refused = client.post(path, GUS)
    assert refused.status_code == 403 and "Allow its cookies" in refused.content.decode()
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', client.get(path).content.decode())
    assert token is not None
    answer = client.post(path, {**GUS, "csrfmiddlewaretoken": token[1]})
    assert answer.status_code == 200 and "looks at your request" in answer.content.decode()
    assert GuestRequest.objects.get().email == "gus@g.test"


def test_the_answer_is_the_same_for_every_address(cast: Cast) -> None:
    for link in (_link(cast), _link(cast, "amy", approval=False)):
        words = {
            Client().post(_path(link), {"name": "X", "email": email}).content.decode().replace(email, "")
            for email in ("amy@a.test", "dana@d.test", f"new-{link.id.lower()}@n.test")
        }
        assert len(words) == 1


def test_without_approval_they_are_in(cast: Cast) -> None:
    answer = Client().post(_path(_link(cast, "amy", approval=False)), GUS)
    assert "a welcome is on its way" in answer.content.decode()
    assert Seat.objects.get().membership.person.email == "gus@g.test"


WRONG = [("email", '"><b>'), ("email", ""), ("email", "a\0@b.c"), ("name", ""), ("name", "\0")]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_what_is_wrong_is_said_and_what_was_typed_stays(cast: Cast, field: str, value: str) -> None:
    answer = Client().post(_path(_link(cast)), {**GUS, field: value})
    page = answer.content.decode()
    assert answer.status_code == 422 and 'aria-invalid="true"' in page and "<b>" not in page
    assert not GuestRequest.objects.exists()


def test_links_that_lead_nowhere(cast: Cast) -> None:
    link = _link(cast)
    right = _path(link)
    leave = addresses.leave_url(cast.general.id, cast.dana.id).rpartition("/")[2]
    for wrong in (right[:-1], right.replace(link.id, "x" * 16), "/guest/x", "/guest/%00", f"/guest/{leave}"):
        for answer in (Client().get(wrong), Client().post(wrong, GUS)):
            assert answer.status_code == 404 and "leads nowhere" in answer.content.decode()
    guest_links.revoke(person=cast.bob, link=link.id)
    assert Client().get(right).status_code == 404
    assert Client().delete(right).status_code == 405


@pytest.mark.parametrize("limit", ["FROM_ONE_PLACE", "BY_ONE_LINK", "FOR_ONE_ADDRESS"])
def test_a_flood_is_dammed(cast: Cast, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, limit, 2)
    path = _path(_link(cast))
    answers = [Client().post(path, GUS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_the_link_is_told_to_who_made_it(cast: Cast, settings: Settings) -> None:
    settings.ROOST_URL = "https://chat.acme.test"
    made = Api(cast.bob).post(f"/channels/{cast.general.id}/guest-links", {"most": 5}).json()
    assert made["url"].startswith(f"https://chat.acme.test/guest/{made['id']}.")
    assert (made["approval"], made["most"], made["came"]) == (True, 5, 0)
    assert Api(cast.bob).get(f"/channels/{cast.general.id}/guest-links").json()["items"] == [made]
