"""The rules of COI find what is wrong with a mail, each under its name."""

import re

import pytest

from channels_app.mail import compose_letter
from tests.mail import coi
from tests.mail.mails import OWN, ROOT, dana, letter

EDIT = compose_letter(letter(kind="edit", target=OWN, references=(ROOT,))).to(dana())
PIN = compose_letter(letter(kind="pin", target=OWN, text="Bob pinned it.", html="")).to(dana())
REACTION = compose_letter(letter(kind="reaction", target=OWN, text="+1", html="<p>so</p>")).to(dana())


@pytest.mark.parametrize("raw", [EDIT, PIN, REACTION.replace(b"+1", b"!!")])
def test_what_keeps_them_all(raw: bytes) -> None:
    assert coi.faults(raw) == []


@pytest.mark.parametrize(
    ("raw", "old", "new", "rule"),
    [
        (EDIT, b"Chat-Version: 1.0", b"X: 1", "Chat-Version is 1.0"),
        (EDIT, b"Chat-Version", b"Sender: x@y.test\r\nChat-Version", "From is one address, and there is no Sender"),
        (EDIT, b"Message-ID: <chat$group", b"Message-ID: <x", "Message-ID says chat and group"),
        (EDIT, b"References: ", b"References: <a@b.test> ", "References are the first and the last message"),
        (EDIT, b"In-Reply-To: <", b"In-Reply-To: <x", "In-Reply-To is the last of References"),
        (EDIT, b"List-Id", b"X-List", "To and List-Id say where it goes"),
        (EDIT, b"Subject", b"X-Subject", "Subject names the conversation"),
        (EDIT, b"Date", b"X-Date", "Date and MIME-Version are there"),
        (EDIT, b"; format=flowed", b"", "the first text is plain, UTF-8 and flowed"),
        (EDIT, b"multipart/alternative", b"multipart/mixed", "HTML is an alternative"),
        (EDIT, b"Chat-Content: editrequest", b"Chat-Content: surprise", "Chat-Content is a word that is known"),
        (EDIT, b"In-Reply-To", b"X-About", "In-Reply-To is the message it is about"),
        (EDIT, b"Chat-Edit", b"X-Edit", "Delta Chat's words say the same as Chat-Content"),
        (PIN, b": pinned", b": inline", "what pins says so in its disposition"),
        (REACTION, b"+1", b"fine", "a reaction is emoji and nothing else"),
    ],
)
def test_each_of_them(raw: bytes, old: bytes, new: bytes, rule: str) -> None:
    assert old in raw
    assert rule in coi.faults(raw.replace(old, new))


def test_a_mail_that_shows_nothing() -> None:
    nothing = re.sub(rb"(?s)(<body>).*?(</body>)", rb"\1\2", EDIT)
    assert "every program shows something" in coi.faults(nothing)
