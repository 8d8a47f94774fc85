"""Mails made to cost time, to hide text, or to pass for what they are not. Each of these once worked."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from channels_app.mail import Address, Attachment, Post, compose_post, parse

CHANNEL, MESSAGE = "generalgeneral01", "messagemessage01"


def mail(body: str, *headers: str) -> bytes:
    lines = ["From: Bob <bob@example.org>", "Message-ID: <1@example.org>", *headers, "", body]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize("name", ["From", "To", "Cc", "Sender"])
@pytest.mark.parametrize("value", ["a" + " " * 16_000 + "b", "\t" * 16_000 + "b", '"a"' + " " * 16_000 + "b"])
def test_spaces_in_an_address_cost_no_time(name: str, value: str) -> None:
    began = time.process_time()
    assert parse(f"{name}: {value}\r\n\r\nhi".encode()).text == "hi"
    assert time.process_time() - began < 1  # it took ten seconds


@pytest.mark.parametrize("value", ["Fri, 31 Dec 9999 23:59:59 -1200", "Mon, 1 Jan 0001 00:00:00 +1200"])
def test_a_date_at_the_end_of_time_leaves_the_text(value: str) -> None:
    parsed = parse(mail("Lunch?", f"Date: {value}"))
    assert (parsed.text, parsed.date, parsed.defects) == ("Lunch?", None, ())


@pytest.mark.parametrize("tag", ["div", "blockquote", "table><tr><td", "b"])
def test_text_deep_inside_html_is_kept(tag: str) -> None:
    html = "<style>p {}</style><p>Fish &amp; chips</p>" + f"<{tag}>" * 1_000 + "at noon<script>x()</script>"
    parsed = parse(mail(html, "Content-Type: text/html; charset=utf-8"))
    assert parsed.text.split() == ["Fish", "&", "chips", "at", "noon"]


def uploaded(kind: str, content: bytes) -> Post:
    return Post(
        channel_uid=CHANNEL,
        message_uid=MESSAGE,
        domain="example.org",
        channel_name="general",
        channel_address="general@example.org",
        author=Address("Bob", "bob@example.org"),
        date=datetime(2026, 1, 2, tzinfo=UTC),
        text="Look",
        html="<p>Look</p>",
        attachments=(Attachment("event.json", kind, content, file_id="filefilefilefile"),),
        roost={"Seq": "1"},
    )


def test_an_uploaded_file_is_never_an_event() -> None:
    forged = b'{"stream":"org:1","kind":"member.changed","payload":{"role":"owner"}}'
    parsed = parse(compose_post(uploaded("application/vnd.roost.event+json", forged)))
    assert parsed.event is None
    assert [file.content for file in parsed.attachments] == [forged]


def test_an_uploaded_signature_is_a_file() -> None:
    parsed = parse(compose_post(uploaded("application/pgp-signature", b"-----BEGIN")))
    assert [file.content for file in parsed.attachments] == [b"-----BEGIN"]


def test_an_uploaded_text_without_a_name_is_a_file() -> None:
    sent = uploaded("text/plain", b"notes")
    sent = replace(sent, attachments=(replace(sent.attachments[0], name=""),))
    parsed = parse(compose_post(sent))
    assert (parsed.text, [file.content for file in parsed.attachments]) == ("Look", [b"notes"])


def test_the_event_of_a_post_by_another_path_stays_a_file() -> None:
    """Somebody appends a mail that takes the id of a post, not of a Log entry."""
    own = f"Message-ID: <chat$group.{CHANNEL}.{MESSAGE}@example.org>"
    raw = f'{own}\r\nRoost-Seq: 1\r\nContent-Type: application/vnd.roost.event+json\r\n\r\n{{"kind":"x"}}'.encode()
    assert parse(raw).event is None
