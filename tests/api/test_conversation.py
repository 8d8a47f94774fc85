"""A conversation over the JSON API."""

from __future__ import annotations

import pytest

from channels_app.chat import messages
from tests.cast import Api, Cast


def test_bob_posts_and_alice_reads(cast: Cast, alice: Api, bob: Api) -> None:
    sent = bob.post(f"/channels/{cast.general.id}/messages", {"text": "Hello **you**", "client_id": "c1"})
    assert sent.status_code == 201, sent.content
    message = sent.json()
    assert message["html"] == "<p>Hello <strong>you</strong></p>\n"
    assert message["origin"] == "api"
    page = alice.get(f"/channels/{cast.general.id}/messages").json()
    assert page["items"] == [message]
    assert (page["has_before"], page["has_after"], page["head"]) == (False, False, message["seq"])


def test_the_same_client_id_answers_with_the_first_result(cast: Cast, bob: Api) -> None:
    first = bob.post(f"/channels/{cast.general.id}/messages", {"text": "once", "client_id": "x"})
    again = bob.post(f"/channels/{cast.general.id}/messages", {"text": "twice", "client_id": "x"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_the_history_is_the_newest_versions(cast: Cast, bob: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MOST_VERSIONS", 3)
    posted = bob.post(f"/channels/{cast.general.id}/messages", {"text": "one"}).json()
    for number, text in enumerate(("two", "three", "four"), 2):
        bob("PATCH", f"/messages/{posted['id']}", {"text": text})
        versions = [version["text"] for version in bob.get(f"/messages/{posted['id']}/history").json()["items"]]
        assert versions == ["one", "two", "three", "four"][max(0, number - 3) : number]
