"""The link by which a guest leaves, and what admins see of guests."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from channels_app.chat import guests, messages
from channels_app.chat.models import Membership
from channels_app.guests import addresses
from channels_app.guests.models import Mailbox
from channels_app.mail import matches, read_reply
from tests.cast import Api, Cast
from workspace.people.models import Person


def _gus(cast: Cast) -> Person:
    return guests.invite(person=cast.bob, channel=cast.general.id, email="gus@g.test", name="Gus").membership.person


def _path(cast: Cast, gus: Person) -> str:
    return addresses.leave_url(cast.general.id, gus.id).partition("8000")[2]


def test_a_look_changes_nothing_and_a_press_leaves(cast: Cast) -> None:
    gus, client = _gus(cast), Client(enforce_csrf_checks=True)
    shown = client.get(_path(cast, gus))
    assert shown.status_code == 200 and "gus@g.test" in shown.content.decode()
    assert shown["Referrer-Policy"] == "no-referrer"
    assert Membership.objects.filter(person=gus).exists()
    for _ in range(2):  # mail programs press by themselves (RFC 8058), people twice
        answer = client.post(_path(cast, gus), {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200 and "no more mail" in answer.content.decode()
    assert not Membership.objects.filter(person=gus).exists()


def test_a_link_that_was_not_made_here(cast: Cast) -> None:
    gus = _gus(cast)
    right = _path(cast, gus)
    for wrong in (right[:-1], right.replace(cast.general.id, cast.secret.id), "/leave/x", "/leave/%00"):
        assert Client().post(wrong).status_code == 404
    assert Membership.objects.filter(person=gus).exists()
    assert Client().delete(right).status_code == 405


def test_what_is_shown_of_a_guest(cast: Cast, settings: Settings) -> None:
    settings.SMTP_URL = ""
    gus, api = _gus(cast), Api(cast.bob)
    path = f"/channels/{cast.general.id}/guests"
    (shown,) = api.get(path).json()["items"]
    assert (shown["state"], shown["active_at"], shown["sponsor"]) == ("waiting", None, cast.bob.id)
    posted = messages.post(person=gus, channel=cast.general.id, text="hi").message
    Mailbox.objects.create(person=gus, failures=1, why="550 no")
    (shown,) = api.get(path).json()["items"]
    assert (shown["state"], shown["why"], shown["active_at"]) == ("failing", "550 no", posted["created_at"])


def test_a_guest_by_command(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("guest_add", cast.acme.slug, "#general", "gus@g.test", name="Gus", json=True)
    told = json.loads(capsys.readouterr().out)
    reply = read_reply(told["address"])
    assert reply is not None and matches(reply, cast.general.id, told["guest"]["id"], addresses.secret())
    assert (told["guest"]["role"], told["guest"]["name"]) == ("guest", "Gus")
    for org, channel in ((cast.acme.slug, "nowhere"), (cast.other.slug, cast.general.id)):
        with pytest.raises(CommandError):
            call_command("guest_add", org, channel, "hal@h.test")
