"""Addresses, encoded words, dates, charsets and threads, as people's programs write them."""

from datetime import UTC, datetime

import pytest

from channels_app.mail import Address, parse
from channels_app.mail.addresses import read_addresses
from channels_app.mail.charset import decode
from channels_app.mail.dates import read_date
from channels_app.mail.headers import decode_words, without_trace
from tests.mail.mails import mail


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Bob <b@b.test>", [("Bob", "b@b.test")]),
        ('"B, Ob" <b@b.test>, c@c.test', [("B, Ob", "b@b.test"), ("", "c@c.test")]),
        ("b@b.test (Bob (the) Builder)", [("Bob the Builder", "b@b.test")]),
        ("=?utf-8?q?B=C3=B6b?= <b@b.test>", [("Böb", "b@b.test")]),
        ("friends: a@a.test, b@b.test;, c@c.test", [("", "a@a.test"), ("", "b@b.test"), ("", "c@c.test")]),
        ("undisclosed-recipients:;", []),
        ("<[x]@y>", [("", "[x]@y")]),
        ("<@relay,@b:c@c.test>", [("", "c@c.test")]),
        ("Bob", []),
        ("", []),
        ("<>", []),
        ('"unclosed <b@b.test>', []),
        ("'Bob' <b@b.test>", [("Bob", "b@b.test")]),
        ("a@b.test <c@c.test>", [("a@b.test", "c@c.test")]),
    ],
)
def test_addresses(value: str, expected: list[tuple[str, str]]) -> None:
    assert list(read_addresses(value)) == [Address(*each) for each in expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=?utf-8?q?a?= =?utf-8?q?b?= c", "ab c"),
        ("=?utf-8?B?8J+Y?= =?utf-8?B?gA==?=", "😀"),
        ("=?iso-8859-1?Q?=D6AMTC?=", "ÖAMTC"),
        ("=?utf-8*en?q?a_b?=", "a b"),
        ("=?nonsense?q?=C3=BC?=", "ü"),
        ("=?utf-8?b?!!!?= x", " x"),
        ("=?utf-8?q?", "=?utf-8?q?"),
    ],
)
def test_encoded_words(value: str, expected: str) -> None:
    assert decode_words(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Tue, 24 Nov 2026 02:57:45 +0000", datetime(2026, 11, 24, 2, 57, 45, tzinfo=UTC)),
        ("Mon, 2 Apr 2012 06:45:30 -0700 (PDT)", datetime(2012, 4, 2, 13, 45, 30, tzinfo=UTC)),
        ("2 Apr 12 06:45 GMT", datetime(2012, 4, 2, 6, 45, tzinfo=UTC)),
        ("Fri, 01 Jan 1904 00:00:00 +0000", None),
        ("Fri, 01 Jan 9999 00:00:00 +9999", None),
        ("Fri, 99 Foo 2020 99:99:99 +0000", None),
        ("1" * 10_000, None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates(value: str, expected: datetime | None) -> None:
    assert read_date(value) == expected


@pytest.mark.parametrize(
    ("raw", "charset", "expected"),
    [
        ("ü".encode(), "us-ascii", "ü"),
        ("ü".encode(), None, "ü"),
        (b"\xfc\x80", "iso-8859-1", "ü€"),
        (b"\xfc", "utf-8", "ü"),
        (b"\xfc", "x-unknown", "ü"),
        ("ü".encode(), "hex", "ü"),
        ("漢字".encode("gb18030"), "gb2312", "漢字"),
        ("ü".encode(), "iso-2022-jp", "ü"),
    ],
)
def test_charsets(raw: bytes, charset: str | None, expected: str) -> None:
    assert decode(raw, charset) == expected


def test_an_answer_to_a_chat_message_is_chat() -> None:
    assert parse(mail(references="<chat$group.0ChannelGeneral0.0MessageOfAlice0@x>")).is_chat
    assert not parse(mail(references="<a@b>")).is_chat


def test_threads() -> None:
    parsed = parse(mail(message_id="bare@x.test", references="<a@b>\r\n <c@d> <e@f>", in_reply_to="Your mail <c@d>"))
    assert (parsed.message_id, parsed.in_reply_to) == ("<bare@x.test>", "<c@d>")
    assert parsed.references == ("<a@b>", "<c@d>", "<e@f>")
    assert parse(mail(references="<a@b> <c@d>")).in_reply_to == "<c@d>"
    assert len(parse(mail(references="<a@b> " * 300)).references) == 100


def test_headers_given_twice_are_noted_and_the_first_counts() -> None:
    parsed = parse(b"From: a@a.test\nFrom: b@b.test\nSubject: x\n\nhi")
    assert parsed.from_ == Address("", "a@a.test")
    assert "repeated from" in parsed.defects
    assert "several senders" in parse(b"From: a@a.test, b@b.test\n\nhi").defects


@pytest.mark.parametrize(
    ("headers", "auto"),
    [
        ({"auto_submitted": "auto-replied (vacation)"}, "auto-replied"),
        ({"auto_submitted": "auto-generated"}, "auto-generated"),
        ({"auto_submitted": "no"}, None),
        ({"precedence": "auto_reply"}, "auto-replied"),
        ({"precedence": "bulk"}, "bulk"),
        ({"x_autoreply": "yes"}, "auto-replied"),
        ({"x_auto_response_suppress": "All", "subject": "Automatic reply: x"}, "auto-replied"),
        ({"x_auto_response_suppress": "All"}, None),
        ({"return_path": "<>"}, "bounce"),
        ({"from": "Mail System <MAILER-DAEMON@x.test>"}, "bounce"),
        ({"list_id": "<x.y>"}, "list"),
    ],
)
def test_programs_are_told_from_people(headers: dict[str, str], auto: str | None) -> None:
    assert parse(mail(**headers)).auto == auto


def test_a_reaction_that_is_prose_is_a_text() -> None:
    parsed = parse(mail("well done", content_disposition="reaction"))
    assert (parsed.reaction, parsed.text) == (None, "well done")


def test_what_servers_write_on_the_way_is_taken_off() -> None:
    raw = mail("Received: in the text", dkim_signature="v=1;\r\n\tb=x")
    traced = (
        b"Return-Path: <b@b.test>\r\nReceived: from x\r\n\tby y\r\n z\r\nX-Spam-Flag: NO\r\nARC-Seal: i=1\r\n"
        b"RECEIVED-SPF : pass\nAuthentication-Results: x;\r\n none\r\nDelivered-To: g@d.test\r\n"
    )
    assert without_trace(traced + raw) == without_trace(raw) == raw
    assert without_trace(raw.replace(b"DKIM", b"X-Last")).count(b"\r\n\r\n") == 1
    assert without_trace(b"") == b"" and without_trace(b"X-A: b") == b""
