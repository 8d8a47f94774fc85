"""The address where a guest fetches a big file: by the link alone, in parts if they like, while it holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from channels_app.chat import guests, messages
from channels_app.chat.models import Channel
from channels_app.files import storage, uploads
from channels_app.files.models import StoredFile
from channels_app.guests import file_links
from channels_app.guests.file_links import Shared
from tests.cast import Api, Cast
from tests.guests.fetched import body
from workspace.people.models import Person

BYTES = bytes(range(256)) * 8


@pytest.fixture
def film(cast: Cast) -> StoredFile:
    guests.invite(person=cast.bob, channel=cast.general.id, email="dana@d.test")
    return uploads.store(uploader=cast.bob, name="Der Film ü.html", chunks=[BYTES], declared_type="text/html")


def _shared(cast: Cast, film: StoredFile, channel: Channel | None = None) -> Shared:
    id = messages.post(person=cast.bob, channel=(channel or cast.general).id, text="", files=[film.id]).message["id"]
    return Shared(id, film.id, file_links.until(timezone.now()))


def _get(shared: Shared, who: Person, method: str = "GET", **headers: str) -> Any:
    path = "/files/" + file_links.url(shared, who.id).partition("/files/")[2]
    return Client(enforce_csrf_checks=True).generic(method, path, headers=headers)


def test_a_guest_fetches_the_file_and_nothing_runs(cast: Cast, film: StoredFile) -> None:
    shared = _shared(cast, film)
    for _ in range(2):  # guards of mail follow links, too
        response = _get(shared, cast.dana)
        assert (response.status_code, body(response)) == (200, BYTES)
        assert not response.cookies
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''Der%20Film")
        assert (response["X-Content-Type-Options"], response["Referrer-Policy"]) == ("nosniff", "no-referrer")
        assert "sandbox" in response["Content-Security-Policy"] and "no-store" in response["Cache-Control"]
    head = _get(shared, cast.dana, "HEAD")
    assert (head.status_code, head["Content-Length"], head.content) == (200, str(len(BYTES)), b"")
    assert _get(shared, cast.dana, "POST").status_code == 403


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-9", 206, 0, 9),
        ("bytes=100-", 206, 100, 2047),
        ("bytes=0-", 206, 0, 2047),
        ("bytes=-5", 206, 2043, 2047),
        ("bytes=-9999", 206, 0, 2047),
        ("bytes=2040-9999", 206, 2040, 2047),
        ("bytes=9-3", 200, 0, 2047),
        ("bytes=0-1,4-5", 200, 0, 2047),
        ("bytes=-", 200, 0, 2047),
        ("pages=1-2", 200, 0, 2047),
    ],
)
def test_parts_of_it(cast: Cast, film: StoredFile, asked: str, status: int, first: int, last: int) -> None:
    shared = _shared(cast, film)
    for response in (_get(shared, cast.dana, Range=asked), _of_a_member(cast, film, Range=asked)):
        assert (response.status_code, body(response)) == (status, BYTES[first : last + 1])
        assert response["Content-Length"] == str(last - first + 1)
        assert response.get("Content-Range") == (f"bytes {first}-{last}/2048" if status == 206 else None)


def _of_a_member(cast: Cast, film: StoredFile, **headers: str) -> Any:
    return Api(cast.bob)("GET", f"/files/{film.id}", headers=headers)


@pytest.mark.parametrize("asked", ["bytes=2048-", "bytes=-0", "bytes=99999-999999"])
def test_parts_that_are_not_there(cast: Cast, film: StoredFile, asked: str) -> None:
    response = _get(_shared(cast, film), cast.dana, Range=asked)
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */2048")


def test_a_download_goes_on_only_with_the_same_file(cast: Cast, film: StoredFile) -> None:
    shared = _shared(cast, film)
    tag = _get(shared, cast.dana, "HEAD")["ETag"]
    assert _get(shared, cast.dana, Range="bytes=5-", If_Range=tag).status_code == 206
    assert _get(shared, cast.dana, Range="bytes=5-", If_Range='"other"').status_code == 200


def test_only_whom_it_was_made_for_while_they_may(cast: Cast, film: StoredFile) -> None:
    shared = _shared(cast, film)
    for who in (cast.charlie, cast.bob):  # no guests of this channel, whoever signed that
        assert _get(shared, who).status_code == 410
    guests.remove(person=cast.bob, channel=cast.general.id, guest=cast.dana.id)
    assert _get(shared, cast.dana).status_code == 410


def test_a_file_elsewhere_is_not_reached(cast: Cast, film: StoredFile) -> None:
    shared = _shared(cast, film, cast.secret)
    assert _get(shared, cast.dana).status_code == 410
    other = messages.post(person=cast.bob, channel=cast.general.id, text="x").message["id"]
    assert _get(Shared(other, film.id, shared.until), cast.dana).status_code == 410


def test_it_ends(cast: Cast, film: StoredFile) -> None:
    shared = _shared(cast, film)
    over = Shared(shared.message, shared.file, timezone.now() - timedelta(seconds=1))
    response = _get(over, cast.dana)
    assert response.status_code == 410 and not isinstance(response, StreamingHttpResponse)
    text = response.content.decode()
    assert "This link has expired" in text and f"until {over.until:%d %B %Y}" in text
    storage.path(film.key).unlink()
    assert "no longer here" in _get(shared, cast.dana).content.decode()


def test_a_link_that_was_not_made_here(cast: Cast, film: StoredFile) -> None:
    right = file_links.url(_shared(cast, film), cast.dana.id).partition("8000")[2]
    assert Client().head(right).status_code == Client().head(right[:-1]).status_code == 200
    for wrong in (right[:-2], right.replace(film.id, "0" * 16), "/files/x", "/files/%00", "/files/a-b-c-d.e"):
        response = Client().get(wrong)
        assert response.status_code == 404 and "not valid" in response.content.decode()
