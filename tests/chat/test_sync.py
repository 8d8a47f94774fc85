"""`GET /sync`: exactly what was missed, of many streams in one answer; one that is cut short says so."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.chat import channels, messages, sync
from tests.cast import Api, Cast
from workspace.events import log
from workspace.events.models import Event

Json = dict[str, Any]


def _missed(api: Api, cursors: dict[str, int]) -> dict[str, Json]:
    asked = ",".join(f"{stream}@{seq}" for stream, seq in cursors.items())
    streams: dict[str, Json] = api.get(f"/sync?streams={asked}").json()["streams"]
    return streams


def _seqs(missed: Json) -> list[int]:
    return [event["seq"] for event in missed["events"]]


def test_each_stream_is_told_after_its_own_cursor(cast: Cast, bob: Api) -> None:
    for text in "abc":
        messages.post(person=cast.alice, channel=cast.general.id, text=text)
    messages.post(person=cast.alice, channel=cast.secret.id, text="among us")
    head = log.heads([cast.general.stream])[cast.general.stream]
    missed = _missed(bob, {cast.general.stream: head - 2, cast.secret.stream: 0, cast.bob.stream: 10**15})
    assert _seqs(missed[cast.general.stream]) == [head - 1, head]
    assert missed[cast.secret.stream]["events"] == [entry.json() for entry in log.read(cast.secret.stream, 0)]
    assert missed[cast.bob.stream] == {"events": [], "head": 10**15, "more": False}
    assert not any(stream["more"] for stream in missed.values())


def test_what_one_may_not_follow_is_left_out(cast: Cast) -> None:
    lounge = channels.create(person=cast.alice, name="lounge", kind="public")
    general, secret, open_one, acme = (place.stream for place in (cast.general, cast.secret, lounge, cast.acme))
    alice, amy, dana = (person.stream for person in (cast.alice, cast.amy, cast.dana))
    asked = dict.fromkeys((general, secret, open_one, acme, alice, amy, dana, "channel:none"), 0)
    seen: dict[str, set[str]] = {"amy": {general, open_one, acme, amy}, "dana": {general, dana}, "charlie": set()}
    for name, streams in seen.items():
        assert _missed(Api(cast.named(name)), asked).keys() == streams, name


def test_an_answer_that_is_cut_short_says_so(cast: Cast, bob: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "MOST_EVENTS", 4)
    for text in "abc":
        messages.post(person=cast.alice, channel=cast.general.id, text=text)
        messages.post(person=cast.alice, channel=cast.secret.id, text=text)
    cursors = dict.fromkeys((cast.general.stream, cast.bob.stream, cast.secret.stream), 0)
    got: dict[str, list[int]] = {stream: [] for stream in cursors}
    more, answers = True, 0
    while more and answers < 9:
        missed = _missed(bob, cursors)
        answers += 1
        assert sum(len(told["events"]) for told in missed.values()) <= 4
        for stream, told in missed.items():
            got[stream] += _seqs(told)
            cursors[stream] = len(got[stream])
            assert told["more"] == (cursors[stream] < told["head"])
        more = any(told["more"] for told in missed.values())
    assert got == {stream: list(range(1, head + 1)) for stream, head in log.heads(list(cursors)).items()}
    assert answers == -(-sum(map(len, got.values())) // 4)


def test_a_gap_is_nothing_to_wait_for(cast: Cast, bob: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's stream that was restored from mail begins with its last number."""
    monkeypatch.setattr(sync, "MOST_EVENTS", 3)
    for channel in (cast.general, cast.secret):
        bob.post(f"/channels/{channel.id}/read", {"seq": 1})
        bob.post(f"/channels/{channel.id}/unread", {"seq": 1})
    head = log.heads([cast.bob.stream])[cast.bob.stream]
    Event.objects.filter(stream=cast.bob.stream, seq__lt=head).delete()
    assert head > sync.MOST_EVENTS
    missed = _missed(bob, {cast.bob.stream: 0})[cast.bob.stream]
    assert (_seqs(missed), missed["head"], missed["more"]) == ([head], head, False)
    Event.objects.filter(stream=cast.bob.stream).delete()
    assert _missed(bob, {cast.bob.stream: 0})[cast.bob.stream]["more"] is False
