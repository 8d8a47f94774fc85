"""Promises at the edges of the API: one moment's snapshot, streams of bytes, access that ends everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import OperationalError
from django.test import Client
from psycopg_pool import PoolTimeout
from pytest_django import Settings

from channels_app.chat import messages, shapes
from channels_app.live import calls
from tests.cast import Api, Cast, gather
from workspace.events.refusal import Invalid
from workspace.people import organizations
from workspace.signin import app_passwords, links, setup


@pytest.mark.django_db(transaction=True)
def test_a_page_and_its_head_are_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = gather()
    bob = Api(cast.bob)
    built = shapes.messages

    def slowly(rows: Any) -> Any:
        _post_elsewhere(cast, "in between")
        return built(rows)

    monkeypatch.setattr(shapes, "messages", slowly)
    page = bob.get(f"/channels/{cast.general.id}/messages").json()
    monkeypatch.setattr(shapes, "messages", built)
    missed = bob.get(f"/sync?streams={cast.general.stream}@{page['head']}").json()["streams"][cast.general.stream]
    assert page["items"] == []
    assert [e["payload"]["message"]["text"] for e in missed["events"]] == ["in between"]


def _post_elsewhere(cast: Cast, text: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    def post() -> None:
        messages.post(person=cast.alice, channel=cast.general.id, text=text)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(post).result()


def test_where_the_channel_lies_for_mail_programs(cast: Cast, bob: Api, settings: Settings) -> None:
    settings.IMAP_PUBLIC_HOST, settings.IMAP_PUBLIC_PORT = "mail.a.test", 143
    answer = bob.get(f"/channels/{cast.general.id}/mail").json()
    assert answer["folder"] == f"Channels/{cast.acme.slug}/general"
    assert answer["url"] == f"imap://mail.a.test:143/{answer['folder']}"


def test_a_file_comes_back_byte_for_byte_with_its_length(cast: Cast, bob: Api) -> None:
    content = bytes(range(256)) * 3000
    file = bob.upload("blob.bin", content).json()
    answer = bob.get(f"/files/{file['id']}")
    assert b"".join(_read(answer)) == content
    assert answer["Content-Length"] == str(len(content))
    assert answer["Content-Disposition"].startswith("attachment")


def _read(answer: Any) -> list[bytes]:
    from asgiref.sync import async_to_sync

    async def pieces() -> list[bytes]:
        return [piece async for piece in answer]

    return list(async_to_sync(pieces)())


def test_a_missing_asset_is_missing(db: None) -> None:
    assert Client().get("/assets/index-of-an-older-build.js").status_code == 404


@pytest.mark.parametrize("how", ["DELETE", "PATCH"])
def test_who_is_deactivated_loses_the_mail_login_too(
    cast: Cast, alice: Api, how: str, settings: Settings, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    settings.IMAP_BELL, settings.DATA_DIR = "lua", tmp_path
    with django_capture_on_commit_callbacks(execute=True):
        login = app_passwords.create(person=cast.bob, name="phone")
    file = tmp_path / "mail" / "logins" / login.username
    assert file.read_text().startswith(f"{login.username}:{{SSHA512}}")
    with django_capture_on_commit_callbacks(execute=True):
        body = {"active": False} if how == "PATCH" else None
        assert alice(how, f"/orgs/{cast.acme.slug}/members/{cast.bob.id}", body).status_code < 300
    assert not file.exists()
    with django_capture_on_commit_callbacks(execute=True):
        again = {"email": cast.bob.email, "name": "Bob", "role": "member"}
        assert alice.post(f"/orgs/{cast.acme.slug}/invitations", again).status_code < 300
    assert file.exists()


def test_the_set_up_link_is_for_the_first_organization_only(db: None) -> None:
    secret = setup.token()
    assert secret
    gather()
    with pytest.raises(links.LinkUsed):
        setup.run(secret=secret, organization="Second", name="Eve", email="eve@e.test", password="long enough words")


def test_a_link_from_the_command_lets_somebody_back_in(cast: Cast) -> None:
    import json
    from io import StringIO

    from django.core.management import call_command

    said = StringIO()
    call_command("sign_in_link", cast.acme.slug, "bob@a.test", "--json", stdout=said)
    token = json.loads(said.getvalue())["sign_in_url"].rpartition("/")[2]
    body = {"token": token, "password": "a brand new password"}
    assert Api(None).post("/join", body).json()["person"]["id"] == cast.bob.id
    assert Api(None).post("/join", body).status_code == 404
    answer = Api(None).post("/session", {"email": "bob@a.test", "password": "a brand new password"})
    assert answer.status_code == 200


def test_while_the_database_is_away_the_answer_says_so(bob: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr("channels_app.chat.access.channel", away)
    monkeypatch.setitem(calls.METHODS, "messages.edit", async_away)
    answer = bob.get("/channels/x")
    assert (answer.status_code, answer["Retry-After"], answer.json()["error"]["code"]) == (503, "1", "unavailable")
    assert bob.person is not None
    said = async_to_sync(calls.answer)(bob.person, "messages.edit", {})
    assert said["error"]["code"] == "unavailable"


async def async_away(*_: object) -> None:
    raise PoolTimeout("no connection within 4 s")


def test_a_bad_organization_is_named_by_its_own_field(db: None) -> None:
    """The set-up page asks for two names."""
    with pytest.raises(Invalid) as refused:
        organizations.create(name=" ", owner_email="eve@e.test", owner_name="Eve")
    assert refused.value.fields == {"organization": "empty"}
