"""What an ordinary mail program finds in our mails: read here by the standard library."""

from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from typing import cast

import pytest

from channels_app.mail import Address, Attachment, Post, compose_post
from tests.mail.mails import BOB, ROOT, assert_travels, post, read


def test_the_same_message_has_the_same_bytes() -> None:
    assert compose_post(post()) == compose_post(post())


def test_headers_of_a_chat_message() -> None:
    message = assert_travels(compose_post(post(in_reply_to=ROOT, references=("<a@x>", "<b@x>", ROOT))))
    assert message["From"] == "Alice Ärmel <alice@a.test>"
    assert message["To"] == "general <general@acme.roost.localhost>"
    assert message["Subject"] == "general"
    assert message["Chat-Version"] == "1.0"
    assert message["Date"].datetime == post().date
    assert message["In-Reply-To"] == ROOT
    assert message["References"].split() == ["<a@x>", ROOT], "COI: the first and the last only"
    assert message["List-Id"] == "<0ChannelGeneral0.roost.localhost>"
    assert message["Roost-Seq"] == "12"


def test_bodies_from_plain_to_rich() -> None:
    message = assert_travels(compose_post(post()))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative", "text/plain", "text/markdown", "text/html",
    ]  # fmt: skip
    plain, markdown, html = (cast(EmailMessage, part).get_content() for part in message.iter_parts())
    assert plain.strip() == markdown.strip() == "Hello *world*"
    assert "<p>Hello <em>world</em></p>" in html


def test_long_paragraphs_are_flowed() -> None:
    body = read(compose_post(post(text="word " * 60 + "\n> quoted\nFrom here\n end"))).get_body(("plain",))
    assert body is not None
    assert body["Content-Type"].params["format"] == "flowed"
    lines = body.get_content().replace("\r\n", "\n").split("\n")
    assert all(len(line) <= 77 for line in lines)
    assert lines[0].endswith(" ")
    assert [line for line in lines if line][-3:] == ["> quoted", " From here", "  end"]


def test_a_text_of_one_long_line_travels() -> None:
    for text in ("x" * 1000, "ä" + "x" * 400, "word " * 30 + "schön"):
        assert_travels(compose_post(post(text=text, html=f"<p>{text}</p>")))


def test_files_ride_inline_with_their_names() -> None:
    files = (
        Attachment("plan.pdf", "application/pdf", b"%PDF\x00\xff" * 500, "0FilePlan0000000"),
        Attachment("Maßnahmen „März“.txt", "text/plain", b"a\r\nb\n"),
        Attachment("small.png", "image/png", b"x", "0FilePlan0000000", preview=True),
        Attachment("old.eml", "message/rfc822", b"Subject: x\n\nFrom me", inline=False),
    )
    message = assert_travels(compose_post(post(attachments=files)))
    assert message.get_content_type() == "multipart/mixed"
    parts = [cast(EmailMessage, part) for part in message.iter_parts()][1:]
    assert [part.get_filename() for part in parts] == [file.name for file in files]
    assert [part.get_content_disposition() for part in parts] == ["inline", "inline", "inline", "attachment"]
    assert [part.get_payload(decode=True) for part in parts] == [file.content for file in files]
    assert parts[0]["Content-Disposition"].params["size"] == "3000"
    assert parts[0]["Roost-File"] == "0FilePlan0000000"
    assert parts[2]["Chat-Content"] == "preview"


def test_mentions_are_mail_links() -> None:
    html = (
        '<p><span class="mention" data-person="0Bob">@Bob</span> <span class="mention" data-person="x">@here</span></p>'
    )
    body = read(compose_post(post(html=html, mentions=(BOB,)))).get_body(("html",))
    assert body is not None
    assert '<a class="mention" href="mailto:bob@b.test">@Bob</a>' in body.get_content()
    assert '<span class="mention" data-person="x">@here</span>' in body.get_content()


@pytest.mark.parametrize(
    "hostile",
    [
        post(channel_name="x\r\nBcc: eve@e.test", author=Address("A\r\nBcc: eve@e.test", "a@a.test")),
        post(author=Address("A", "a@a.test>\r\nBcc: <eve@e.test")),
        post(channel_address="g@x\nBcc: eve@e.test"),
        post(in_reply_to="<a@b>\r\nBcc: eve@e.test", references=("<a@b\r\nBcc: eve@e.test>",)),
        post(roost={"Origin": "web\r\nBcc: eve@e.test"}),
        post(attachments=(Attachment('a"\r\nBcc: eve@e.test', "text/plain\r\nBcc: eve@e.test", b"", "x>\r\nBcc: e"),)),
        post(text="--=_a\r\n\r\nContent-Type: text/html\n\n--=_m", html="\n--=_a--\n"),
    ],
)
def test_no_value_breaks_out_of_its_place(hostile: Post) -> None:
    message = read(compose_post(hostile))
    assert not [part for part in message.walk() if part["Bcc"]]
    assert len(list(message.walk())) in (4, 6)


def test_names_in_every_script_and_length() -> None:
    for name in ("", "Bob", 'B. Ob (x), \\ "y"', "山田太郎" * 20, "😀" * 60, "=?utf-8?q?x?=", "a" * 2000):
        message = assert_travels(compose_post(post(author=Address(name, "a@a.test"), channel_name=name or "x")))
        # Python before 3.13 leaves the spaces between encoded words in a name (RFC 2047 6.2 takes them out).
        assert message["From"].addresses[0].display_name.replace(" ", "") == name[:200].replace(" ", "")
        assert message["From"].addresses[0].addr_spec == "a@a.test"


def test_the_offset_of_a_date_is_kept_and_a_naive_one_refused() -> None:
    zone = timezone(-timedelta(hours=3, minutes=30))
    raw = compose_post(post(date=datetime(2026, 1, 2, 3, 4, 5, tzinfo=zone)))
    assert b"\r\nDate: Fri, 02 Jan 2026 03:04:05 -0330\r\n" in raw
    with pytest.raises(ValueError, match="aware"):
        compose_post(post(date=datetime(2026, 1, 2)))


def test_a_bad_header_name_is_refused() -> None:
    with pytest.raises(ValueError, match="header name"):
        compose_post(post(roost={"A: b\r\nBcc": "x"}))
