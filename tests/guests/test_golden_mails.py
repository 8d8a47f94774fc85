"""Captured and made mails of guests, from the door to the channel: each ends as a post, an act, or a clear answer."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from channels_app.chat.models import Attachment, Reaction
from channels_app.files import storage
from channels_app.guests.receiving import answers, pace
from channels_app.mail import parse
from tests.guests.post import EML, Post

MADE = sorted((EML / "posts").glob("*.eml"))
PROGRAMS = ("dsn-", "receipt-", "outlook-out-of-office", "gmail-vacation", "mailman-footer")
ENCRYPTED = ("smime-encrypted", "pgp-mime-encrypted", "pgp-inline-encrypted")


@pytest.fixture(autouse=True)
def _in_no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_A_MINUTE", 10_000)


def _expected(path: Path) -> str:
    if path.stem.startswith(PROGRAMS):
        return "dropped"
    if path.stem in ENCRYPTED:
        return "refused"
    return "done" if path.stem == "gmail-reaction" else "posted"


def test_each_mail_has_its_end(post: Post) -> None:
    """All in one test: a channel with many mails in it is what they meet."""
    root, own = post.said("Lunch on Friday: shall we meet at noon?")
    answered = "<chat$group.0ChannelGeneral0.0MessageOfAlice0@roost.localhost>"
    for path in MADE:
        raw = path.read_bytes().replace(answered.encode(), own.encode())
        before = len(post.all())
        answer = post.give(raw, sender="" if b"Return-Path: <>" in raw else "dana@d.test")
        said = {answers.POSTED: "posted", answers.DROPPED: "dropped", answers.DONE: "done"}.get(answer, "refused")
        assert said == _expected(path), (path.stem, answer)
        assert len(post.all()) - before == (said == "posted"), path.stem
        if said == "posted":
            _assert_shown(post, path, root)
    assert not post.kept()


def _assert_shown(post: Post, path: Path, root: str) -> None:
    row, parsed = post.last(), parse(path.read_bytes())
    assert row.text == (parsed.text or ("" if parsed.attachments else parsed.subject)), path.stem
    assert (row.thread_id == root) == bool(parsed.in_reply_to), path.stem
    assert row.quoted == parsed.quoted, path.stem
    assert "<img" not in row.html and "<script" not in row.html and "<iframe" not in row.html, path.stem
    files = [one.file for one in Attachment.objects.filter(message=row).order_by("position")]
    assert [file.name for file in files] == [file.name for file in parsed.attachments], path.stem
    for file, sent in zip(files, parsed.attachments, strict=True):
        with storage.open_file(file.key) as stored:
            assert stored.read() == sent.content


def test_who_sends_what_nobody_can_open_reads_why(post: Post) -> None:
    for name in ENCRYPTED:
        answer = post.give(post.eml(f"posts/{name}.eml"))
        assert (answer.code, answer.status) == (550, "5.7.5")
        assert "encrypted" in answer.text and "without encryption" in answer.text
        assert "?" not in str(answer) and len(str(answer)) < 400
    assert post.untouched()


def test_a_stranger_does_not_hear_what_would_be_opened(post: Post) -> None:
    answer = post.give(post.eml("posts/pgp-mime-encrypted.eml", ("dana@d.test", "eve@e.test")), sender="eve@e.test")
    assert answer.status != "5.7.5" and not post.all()


def test_a_reaction_of_gmail_comes_to_those_before(post: Post) -> None:
    target, own = post.said("Lunch?")
    answered = ("<chat$group.0ChannelGeneral0.0MessageOfAlice0@roost.localhost>", own)
    raw = post.eml("posts/gmail-reaction.eml", answered)
    emoji = '{\n  "emoji": "👍",\n  "version": 1\n}\n'.encode()
    assert parse(raw).reaction == ("👍",)
    assert post.give(raw) == post.give(raw) == answers.DONE
    other = raw.replace(*_base64(emoji, emoji.replace("👍".encode(), "🎉".encode())))
    assert post.give(other) == answers.DONE
    assert set(Reaction.objects.filter(message=target).values_list("emoji", flat=True)) == {"👍", "🎉"}
    assert len(post.all()) == 1


def _base64(old: bytes, new: bytes) -> tuple[bytes, bytes]:
    return base64.b64encode(old), base64.b64encode(new)
