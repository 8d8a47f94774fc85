"""App passwords at a real Dovecot: good from the moment they are shown until the moment they are taken away."""

from __future__ import annotations

import time

import pytest
from django.conf import settings
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from tests.cast import Api, Cast
from tests.mirror.conftest import MailProgram, carry
from workspace.signin import app_passwords
from workspace.signin.app_passwords import Login
from workspace.signin.models import AppPassword

pytestmark = pytest.mark.xdist_group("dovecot")


def _log_in(login: Login) -> IMAPClient:
    client = IMAPClient(settings.IMAP_PUBLIC_HOST, settings.IMAP_PUBLIC_PORT, ssl=False)
    client.login(login.username, login.password)
    return client


def _has_ended(client: IMAPClient) -> bool:
    try:
        client.noop()
    except (OSError, IMAPClient.AbortError):
        return True
    return False


def test_a_new_one_works_at_once_however_many_are_made(cast: Cast) -> None:
    for number in range(10):
        login = app_passwords.create(person=cast.bob, name=f"program {number}")
        _log_in(login).logout()


def test_one_that_is_taken_away_ends_at_once_and_the_others_go_on(cast: Cast) -> None:
    lost, kept = (app_passwords.create(person=cast.bob, name=name) for name in ("phone", "laptop"))
    amys = app_passwords.create(person=cast.amy, name="laptop")
    on_the_phone, at_amys = _log_in(lost), _log_in(amys)
    app_passwords.delete(person=cast.bob, id=lost.id)
    assert _has_ended(on_the_phone) and not _has_ended(at_amys)
    with pytest.raises(LoginError):
        _log_in(lost)
    _log_in(kept).logout()


def test_who_is_deactivated_is_out_until_they_are_back(cast: Cast, alice: Api, program: MailProgram) -> None:
    carry()
    login = app_passwords.create(person=cast.bob, name="phone")
    client = _log_in(login)
    member = f"/orgs/{cast.acme.slug}/members/{cast.bob.id}"
    assert alice("PATCH", member, {"active": False}).status_code == 200
    assert _has_ended(client)
    with pytest.raises(LoginError):
        _log_in(login)
    assert alice("PATCH", member, {"active": True}).status_code == 200
    _log_in(login).logout()


def test_wrong_passwords_hold_up_nobody_else(cast: Cast) -> None:
    login = app_passwords.create(person=cast.bob, name="phone")
    for _ in range(2):
        with pytest.raises(LoginError):
            _log_in(Login("", "", login.username, "wrong"))
    began = time.monotonic()
    _log_in(login).logout()
    assert time.monotonic() - began < 1


def test_publishing_all_leaves_nothing_of_another_database(cast: Cast) -> None:
    login, gone = (app_passwords.create(person=cast.bob, name=name) for name in ("phone", "tablet"))
    AppPassword.objects.filter(id=gone.id).delete()  # as a database that was restored would not have it
    app_passwords.publish_all()
    time.sleep(1)  # the file may have been looked at in this second
    _log_in(login).logout()
    with pytest.raises(LoginError):
        _log_in(gone)
