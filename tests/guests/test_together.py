"""Mails that come at the same time: written together, answered each by itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from channels_app.chat import guests
from channels_app.chat.models import Seat
from channels_app.chat.posting import Outcome, Posting, post_many
from channels_app.guests import addresses
from channels_app.guests.receiving import answers, inwards
from channels_app.guests.receiving.answers import Answer
from channels_app.guests.receiving.inwards import Delivery
from tests.guests.post import Post


def give(post: Post, *mails: bytes, to: str = "") -> list[Answer]:
    return [one for (one,) in inwards.take_in_all([Delivery(raw, "dana@d.test", [to or post.signed]) for raw in mails])]


def test_each_has_its_own_answer(post: Post) -> None:
    id, message_id = post.said("Lunch?")
    mails = [
        post.mail("First"),
        post.mail("Spoofed", sender="eve@evil.test"),
        post.mail("Answer", in_reply_to=message_id),
        post.mail("mute"),
        post.mail("", auto_submitted="auto-replied"),
        post.mail("gone", in_reply_to=message_id, chat_content="deleterequest"),
        post.mail("Last"),
    ]
    given = give(post, *mails)
    assert [answer.code for answer in given] == [250, 250, 250, 250, 250, 550, 250]
    assert given[1] == answers.KEPT and given[3] == answers.DONE and given[4] == answers.DROPPED
    assert [(row.text, row.thread_id) for row in post.all()[1:]] == [("First", None), ("Answer", id), ("Last", None)]
    assert Seat.objects.get(membership__person=post.cast.dana).delivery == "paused"


def test_the_same_mail_twice_at_once_is_one_message(post: Post) -> None:
    raw = post.mail("Once")
    assert give(post, raw, raw) == [answers.POSTED, answers.POSTED]
    assert [row.text for row in post.all()] == ["Once"]


def test_what_can_not_be_written_together_is_written_alone(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def only_alone(postings: Sequence[Posting]) -> list[Outcome]:
        if len(postings) > 1:
            raise IntegrityError("posted_once")
        return post_many(postings)

    monkeypatch.setattr("channels_app.guests.receiving.deeds.posting.post_many", only_alone)
    assert give(post, post.mail("One"), post.mail("Two")) == [answers.POSTED, answers.POSTED]
    assert [row.text for row in post.all()] == ["One", "Two"]


def test_channels_do_not_mix(post: Post) -> None:
    guests.invite(person=post.cast.bob, channel=post.cast.secret.id, email="dana@d.test")
    _, message_id = post.said("Here")
    there = addresses.reply_to(post.cast.secret, post.cast.dana.id)
    both = [
        Delivery(post.mail("To both", in_reply_to=message_id), "dana@d.test", [post.signed, there]),
        Delivery(post.mail("There"), "dana@d.test", [there]),
    ]
    assert inwards.take_in_all(both) == [[answers.POSTED, answers.POSTED], [answers.POSTED]]
    assert [row.thread_id is not None for row in post.all()[1:]] == [True]
    assert [(row.text, row.thread_id) for row in post.all(post.cast.secret)] == [("To both", None), ("There", None)]


def test_many_need_no_more_statements_than_few(post: Post) -> None:
    _, message_id = post.said("Lunch?")
    give(post, post.mail("Warm"))
    counts = []
    for number in (2, 20):
        mails = [post.mail(f"{number} {n}", in_reply_to=message_id, subject=f"New {n}") for n in range(number)]
        with CaptureQueriesContext(connection) as statements:
            assert set(give(post, *mails)) == {answers.POSTED}
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12
