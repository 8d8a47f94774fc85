"""Whatever is sent to the API, the answer says clearly what was wrong with it, and the next request is served."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from channels_app.chat.models import Message
from tests.cast import Api, Cast
from workspace.signin import passwords

DEEP = b"[" * 100_000


def refused(answer: Any, *statuses: int) -> dict[str, Any]:
    """The error of an answer, which has one of the statuses and the one shape."""
    assert answer.status_code in statuses, (answer.status_code, answer.content[:500])
    body = answer.json()
    assert set(body) == {"error"} and set(body["error"]) == {"code", "message", "fields"}, body
    error: dict[str, Any] = body["error"]
    assert error["code"] and error["message"]
    return error


def send(api: Api, method: str, path: str, body: bytes, kind: str = "application/json", **headers: Any) -> Any:
    return api._client.generic(method, f"/api/v1{path}", body, kind, **headers)


def post_raw(cast: Cast, api: Api, body: bytes, kind: str = "application/json", **headers: Any) -> Any:
    return send(api, "POST", f"/channels/{cast.general.id}/messages", body, kind, **headers)


# JSON

UNREADABLE = {
    "torn": b'{"text": "a"',
    "nothing but spaces": b"   ",
    "two values": b"{}{}",
    "broken UTF-8": b'{"text": "\xff\xfe"}',
    "half a surrogate pair": b'{"text": "\\ud800"}',
    "an overlong encoding": b'{"text": "\xc0\xaf"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "NaN": b'{"text": NaN}',
    "Infinity": b'{"text": -Infinity}',
    "a number without end": b'{"text": 1%s}' % (b"0" * 400),
    "a NUL byte": b'{"text": "a\x00b"}',
    "deep lists": b'{"text": ' + DEEP,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b'{"text": ' + DEEP + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_json_is_malformed(cast: Cast, bob: Api, body: bytes) -> None:
    assert "JSON" in refused(post_raw(cast, bob, body), 400)["message"]


@pytest.mark.parametrize("body", [b"", b"[]", b'"text"', b"null", b"17", b"[{}]"])
def test_only_an_object_is_a_form(cast: Cast, bob: Api, body: bytes) -> None:
    refused(post_raw(cast, bob, body), 422)


WRONG_FIELDS: dict[str, tuple[str, Any]] = {
    "an unknown field": ("colour", {"text": "a", "colour": "red"}),
    "a field of another form": ("seq", {"text": "a", "seq": 1}),
    "a number for a text": ("text", {"text": 1}),
    "a list for a text": ("text", {"text": ["a"]}),
    "null for a text": ("text", {"text": None}),
    "a text for a flag": ("also_to_channel", {"text": "a", "also_to_channel": "yes"}),
    "a number for a flag": ("also_to_channel", {"text": "a", "also_to_channel": 1}),
    "an object for a list": ("files", {"text": "a", "files": {}}),
    "a number in a list of ids": ("files.0", {"text": "a", "files": [1]}),
    "too many files": ("files", {"text": "a", "files": ["x"] * 101}),
    "no id": ("thread", {"text": "a", "thread": "../../etc/passwd"}),
    "an id with a NUL": ("thread", {"text": "a", "thread": "a\0"}),
    "a client id with spaces": ("client_id", {"text": "a", "client_id": "a b"}),
    "a client id too long": ("client_id", {"text": "a", "client_id": "x" * 81}),
    "nothing": ("text", {"text": " \n\t "}),
    "a NUL": ("text", {"text": "a\0b"}),
}


@pytest.mark.parametrize(("field", "body"), WRONG_FIELDS.values(), ids=WRONG_FIELDS.keys())
def test_a_wrong_field_is_named(cast: Cast, bob: Api, field: str, body: Any) -> None:
    answer = bob.post(f"/channels/{cast.general.id}/messages", body)
    assert list(refused(answer, 422)["fields"]) == [field]
    assert not Message.objects.exists()


@pytest.mark.parametrize("seq", [10**30, -1, 1.5, "1", True, 2**63, 1e308, [1]])
@pytest.mark.parametrize("verb", ["read", "unread"])
def test_a_number_that_is_no_place_is_named(cast: Cast, bob: Api, verb: str, seq: Any) -> None:
    answer = send(bob, "POST", f"/channels/{cast.general.id}/{verb}", b'{"seq": %s}' % json.dumps(seq).encode())
    assert list(refused(answer, 422)["fields"]) == ["seq"]


def test_a_text_may_have_40_000_characters_and_no_more(cast: Cast, bob: Api) -> None:
    path = f"/channels/{cast.general.id}/messages"
    assert bob.post(path, {"text": "ü" * 40_000}).json()["text"] == "ü" * 40_000
    error = refused(bob.post(path, {"text": "ü" * 40_001}), 422)
    assert "40,000 characters" in error["message"] and list(error["fields"]) == ["text"]
    posted = bob.post(path, {"text": "short"}).json()
    for answer in (
        bob("PATCH", f"/messages/{posted['id']}", {"text": "x" * 40_001}),
        bob("PUT", f"/channels/{cast.general.id}/draft", {"text": "x" * 40_001}),
    ):
        assert "40,000 characters" in refused(answer, 422)["message"]


def test_of_a_field_given_twice_the_last_counts(cast: Cast, bob: Api) -> None:
    answer = post_raw(cast, bob, b'{"text": "first", "text": "last"}')
    assert (answer.status_code, answer.json()["text"]) == (201, "last")


def test_a_body_of_megabytes_is_too_large(cast: Cast, bob: Api) -> None:
    error = refused(post_raw(cast, bob, b'{"text": "' + b"x" * 2_000_000 + b'"}'), 413)
    assert "1,048,576 bytes" in error["message"]


def test_right_to_left_and_combining_texts_stay_as_they_are(cast: Cast, bob: Api) -> None:
    for text in ("\u202eevil\u202c", "שלום", "Z̸͝" * 500, "👩‍👩‍👧‍👧", "\ufeffx", "\x1b[31mred", "\ufffe"):
        assert bob.post(f"/channels/{cast.general.id}/messages", {"text": text}).json()["text"] == text


SETTINGS = {
    "NUL": b'{"settings": {"a": "\\u0000"}}',
    "NUL in a name": b'{"settings": {"\\u0000": 1}}',
    "NUL deep down": b'{"settings": {"a": [{"b": ["\\u0000"]}]}}',
    "a number without end": b'{"settings": {"a": 1e999}}',
    "too much": b'{"settings": {"a": "%s"}}' % (b"x" * 9000),
    "deep": b'{"settings": {"a": %s%s}}' % (b"[" * 900, b"]" * 900),
}


@pytest.mark.parametrize("body", SETTINGS.values(), ids=SETTINGS.keys())
def test_settings_that_can_not_be_kept_are_refused(cast: Cast, bob: Api, body: bytes) -> None:
    refused(send(bob, "PATCH", "/me", body), 400, 422)
    assert bob.get("/me").json()["settings"] == {}


@pytest.mark.parametrize("field", ["email", "password", "org"])
@pytest.mark.parametrize("value", ["\0", "a\0@a.test", "x" * 100_000, "\u202e@a.test", "@", ""])
def test_nobody_signs_in_with_rubbish(cast: Cast, field: str, value: str) -> None:
    body = {"email": "bob@a.test", "password": "not his password", field: value}
    refused(Api(None).post("/session", body), 401, 422)


NAMES = ["\0", "\u202e\u202d", "x" * 2000, "  ", "\n", "\ufffd", "\u202eeve\0"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_clean_or_refused(cast: Cast, alice: Api, name: str) -> None:
    for answer in (
        alice("PATCH", "/me", {"name": name}),
        alice.post("/me/app-passwords", {"name": name}),
        alice.post("/channels", {"name": name, "kind": "public"}),
        alice.post(f"/orgs/{cast.acme.slug}/invitations", {"email": "new@a.test", "name": name}),
        alice("PATCH", f"/channels/{cast.general.id}", {"topic": name}),
    ):
        if answer.status_code >= 300:
            refused(answer, 409, 422)
        assert "\\u0000" not in answer.content.decode() and "\u202e" not in answer.content.decode()


# Addresses and headers

ADDRESSES = [
    "/channels/%ff%fe", "/channels/%00", "/channels/a%00b", "/channels/" + "x" * 5000, "/channels/%2e%2e%2f",
    "/channels/'%20OR%201=1", "/messages/%ed%a0%80", "/messages/x/%ff/y", "/files/..%2f..%2fetc%2fpasswd",
    "/channels?cursor=%ff", "/channels?cursor=%00", "/channels?cursor=AAAA", "/channels?cursor=" + "A" * 5000,
    "/channels?org=%00", "/channels?limit=9999999999999999999999", "/channels?limit=-1", "/channels?limit=NaN",
    "/channels?filter=%00", "/channels?" + "&".join(f"a{n}=1" for n in range(2000)), "/sync?streams=%00",
    "/sync?streams=channel:x@99999999999999999999", "/sync?streams=" + "," * 5000, "/sync", "/join/%00", "/join/%ff",
    "/join/" + "x" * 300, "/nothing/here", "/orgs/%00/members", "/orgs/%C0%AF/members",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_address_breaks_the_server(cast: Cast, bob: Api, address: str) -> None:
    refused(bob.get(address), 400, 404, 422)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X" * 300])
def test_a_method_that_is_not_there_is_said_to_be_none(cast: Cast, bob: Api, method: str) -> None:
    answer = bob(method, "/channels")
    assert refused(answer, 405)["message"] == "Only GET, POST here."
    assert answer["Allow"] == "GET, POST"


HEADERS = {
    "a token of bytes": {"HTTP_AUTHORIZATION": "Bearer \xff\xfe"},
    "a token with a NUL": {"HTTP_AUTHORIZATION": "Bearer a\0b"},
    "a long token": {"HTTP_AUTHORIZATION": "Bearer " + "x" * 100_000},
    "no token": {"HTTP_AUTHORIZATION": "Bearer"},
    "another scheme": {"HTTP_AUTHORIZATION": "Basic Ym9iOnB3"},
    "a session of bytes": {"HTTP_COOKIE": "sessionid=\xff\xfe"},
    "a session with a NUL": {"HTTP_COOKIE": 'sessionid="\\000abcdefgh"'},
    "a long session": {"HTTP_COOKIE": "sessionid=" + "x" * 100_000},
    "torn cookies": {"HTTP_COOKIE": 'sessionid="; csrftoken=\\; =;;;='},
    "a Host that is none": {"HTTP_HOST": "a b\0c", "HTTP_COOKIE": "sessionid=x"},
    "an Origin that is none": {"HTTP_ORIGIN": "http://[", "HTTP_COOKIE": "sessionid=x; csrftoken=" + "x" * 32},
    "a Referer that is none": {"HTTP_REFERER": "http://[", "HTTP_COOKIE": "sessionid=x; csrftoken=" + "x" * 32},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("secure", [False, True])
def test_who_shows_rubbish_is_nobody(cast: Cast, headers: dict[str, Any], secure: bool) -> None:
    for method, path in (("GET", "/me"), ("POST", "/channels"), ("PATCH", "/me"), ("DELETE", "/session")):
        answer = Client().generic(method, f"/api/v1{path}", b"{}", "application/json", secure=secure, **headers)
        refused(answer, 400, 401, 403)


@pytest.mark.parametrize("key", ["\xff", "x" * 81, "a b", "a\0b", "", "\t"])
def test_an_idempotency_key_is_a_client_id(cast: Cast, bob: Api, key: str) -> None:
    answer = post_raw(cast, bob, b'{"text": "a"}', HTTP_IDEMPOTENCY_KEY=key)
    assert list(refused(answer, 422)["fields"]) == ["Idempotency-Key"]


KINDS = [
    "text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=b",
    "application/xml", "application/json\0", "x" * 5000, "application/jsonp",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_only_json_is_taken_for_json(cast: Cast, bob: Api, kind: str) -> None:
    assert "application/json" in refused(post_raw(cast, bob, b'{"text": "a"}', kind), 400)["message"]


# In a browser's session


@pytest.fixture
def browser(cast: Cast) -> Client:
    """Bob's browser; it sends its CSRF token."""
    passwords.set_password(person=cast.bob, password="correct horse battery")
    client = Client(enforce_csrf_checks=True)
    body = {"email": "bob@a.test", "password": "correct horse battery", "org": cast.acme.slug}
    assert client.post("/api/v1/session", body, "application/json").status_code == 200
    client.defaults["HTTP_X_CSRFTOKEN"] = client.get("/api/v1/me").json()["csrf"]
    return client


BODIES = {
    "a form for JSON": (b"--b\r\n\r\n--b--", "multipart/form-data; boundary=b"),
    "a form without a boundary": (b"--b", "multipart/form-data"),
    "a field for JSON": (b"text=a", "application/x-www-form-urlencoded"),
    "1,001 fields": (b"a=1&" * 1001, "application/x-www-form-urlencoded"),
    "a plain text": (b'{"text": "a"}', "text/plain"),
}


@pytest.mark.parametrize(("body", "kind"), BODIES.values(), ids=BODIES.keys())
def test_a_browser_gets_a_clear_answer_too(cast: Cast, browser: Client, body: bytes, kind: str) -> None:
    for method in ("POST", "PATCH"):
        path = f"/api/v1/channels/{cast.general.id}" + ("/messages" if method == "POST" else "")
        refused(browser.generic(method, path, body, kind), 400)
    path = f"/api/v1/channels/{cast.general.id}/messages"
    assert browser.post(path, {"text": "a"}, "application/json").status_code == 201


@pytest.mark.parametrize("token", ["", "x", "\xff" * 32, "a" * 64, "a" * 100_000])
def test_without_its_csrf_token_a_browser_changes_nothing(cast: Cast, browser: Client, token: str) -> None:
    answer = browser.patch("/api/v1/me", {"name": "Eve"}, "application/json", HTTP_X_CSRFTOKEN=token)
    assert refused(answer, 403)["code"] == "csrf"
