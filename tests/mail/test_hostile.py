"""No bytes make the parser raise, hang or eat memory; what can be read of a bad mail is read."""

import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels_app.mail import Limits, Parsed, compose_post, parse
from channels_app.mail.reading import read
from tests.mail.envelopes import attribute, signed_data, winmail
from tests.mail.mails import all_eml, eml, mail, post

HEAD = b"From: Bob <bob@b.test>\r\nSubject: x\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
HTML = HEAD + b"Content-Type: text/html\r\n\r\n"
PICTURE = (
    MIXED + b"--b\r\nContent-Type: image/png; name=x.png\r\nContent-ID: <x>\r\n\r\nx\r\n--b\r\n" + HTML[len(HEAD) :]
)
CALENDAR = HEAD + b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n"
TNEF = HEAD + b"Content-Type: application/ms-tnef\r\n\r\n"
CMS = HEAD + b"Content-Type: application/pkcs7-mime\r\n\r\n"
# A property that says it has four thousand million small values.
many_values = struct.pack("<IHHI", 1, 0x1002, 0x1000, 0xFFFFFFFF) + b"\0" * 1000
PIECES = st.sampled_from(
    [
        *(b"From: ", b"Content-Type: ", b"References: ", b"Date: ", b"Message-ID: ", b"Roost-Seq: 1", b"<a@b>"),
        *(b"multipart/alternative; boundary=b", b"text/html", b"message/rfc822", b"application/vnd.roost.event+json"),
        *(b"\r\n", b"\n", b"\r\n\r\n", b"--b", b"--b--", b"; charset=", b"utf-7", b"idna", b"; filename*0*="),
        *(b"Content-Transfer-Encoding: base64", b"quoted-printable", b"Content-Disposition: reaction"),
        *(b"=?utf-8?q?", b"?=", b"\x00", b"\xff", b"> ", b"On 2012 b@b wrote:", b"<div>", b"-- \n", b"```"),
        b"<chat$group.0ChannelGeneral0.0MessageOfAlice0@x>",
    ]
)


def assert_sound(parsed: Parsed) -> None:
    """Whatever came in: a database can hold what comes out."""
    for text in (parsed.text, parsed.quoted or "", parsed.subject, *parsed.roost.values(), *parsed.references):
        assert "\0" not in text
        text.encode("utf-8")
    for file in parsed.attachments:
        assert file.name and "/" not in file.name and len(file.name) <= 255
        file.name.encode("utf-8")


@given(st.binary(max_size=2000) | st.lists(PIECES | st.binary(max_size=8), max_size=60).map(b"".join))
@settings(max_examples=500, deadline=None)
def test_no_bytes_raise(raw: bytes) -> None:
    assert_sound(read(raw, Limits()))


@given(st.sampled_from(all_eml()), st.data())
@settings(max_examples=200, deadline=None)
def test_no_broken_mail_raises(name: str, data: st.DataObject) -> None:
    raw = bytearray(eml(name))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=10))
        raw = raw or bytearray(b"x")
    assert_sound(read(bytes(raw), Limits()))


@given(st.integers(0, 5000))
def test_no_torn_mail_raises(length: int) -> None:
    assert_sound(read(compose_post(post(text="grün > \n" * 50))[:length], Limits()))


def nested(levels: int) -> bytes:
    layers = [
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(levels)
    ]
    return HEAD + b"".join(layers) + b"\r\ndeep"


BOMBS = {
    "10,000 parts": (MIXED + b"--b\r\n\r\nx\r\n" * 10_000, "too many parts"),
    "1,000 files": (MIXED + b"--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n" * 150, "too many attachments"),
    "1,000 deep": (nested(1000), "nested too deep"),
    "100 kB header line": (HEAD + b"X-Long: " + b"y" * 100_000 + b"\r\n\r\nhi", "header line too long"),
    "1 MB of header": (b"A: b\r\n" * 200_000 + b"\r\nhi", "header too long"),
    "spaces in From": (b"From: " + b" " * 100_000 + b"\r\n\r\nhi", "no sender"),
    "parentheses": (b"From: " + b"(" * 16_000 + b"\r\n\r\nhi", "no sender"),
    "NUL": (b"\0" * 2_000_000, "no headers"),
    "carriage returns": (b"\r" * 2_000_000, "no headers"),
    "line ends": (b"\n" * 2_000_000, "no sender"),
    "boundaries": (HEAD + b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a" * 1_000_000, ""),
    "dashes": (HEAD + b'Content-Type: multipart/mixed; boundary="--"\r\n\r\n' + b"-" * 2_000_000, ""),
    "attributions": (HEAD + b"\r\n" + (b"On " + b"wrote " * 46 + b":\n") * 4000, ""),
    "quotes": (HEAD + b"In-Reply-To: <a@b>\r\n\r\n" + b"> a\nb\n" * 200_000, ""),
    "fences": (HEAD + b"\r\n" + b"```\n" * 4999, ""),
    "spaces": (HEAD + b"\r\n" + b" " * 2_000_000, ""),
    "HTML nested": (HTML + b"<div>" * 60_000, "HTML too long"),
    "HTML misnested": (HTML + b"<b><p>" * 50_000, "HTML too long"),
    "HTML tables": (HTML + b"<table><tr><td>" * 20_000, "HTML too long"),
    "HTML tags unclosed": (HTML + b"<div " * 60_000, "HTML too long"),
    "HTML links": (HTML + b"[](data:" * 30_000, ""),
    "idna": (HEAD + b"Content-Type: text/plain; charset=idna\r\n\r\n" + b"a." * 300_000, "unknown charset"),
    "detours": (HEAD + b"\r\n" + b"https://a.safelinks.protection.outlook.com/?url=" * 20_000, ""),
    "links twice": (HEAD + b"\r\n" + b"https://a" * 100_000 + b"<http" + b" a@b<mailto:" * 50_000, ""),
    "HTML words as links": (HTML + b"[a](https://" * 20_000, ""),
    "HTML signatures": (HTML + b'<pre class="moz-signature">' * 9_000, ""),
    "HTML invisible": (HTML + b"&zwnj; " * 35_000, ""),
    "pictures": (PICTURE + b'<img src="cid:' * 18_000, ""),
    "pictures in text": (PICTURE.replace(b"text/html", b"text/plain") + b"[cid:" * 300_000, ""),
    "armour": (HEAD + b"\r\n" + b"-----BEGIN PGP SIGNED MESSAGE-----\r\n" * 50_000, ""),
    "disclaimers": (HEAD + b"\r\n" + b"\r\nThis email and any x\r\n" * 2_400, ""),
    "ornaments": (HEAD + b"\r\n" + b"\r\n=======\r\na@b\r\n" * 1_600, ""),
    "zones": (CALENDAR + b"BEGIN:VTIMEZONE\r\n" * 7_000, ""),
    "events": (CALENDAR + b"BEGIN:VEVENT\r\nSUMMARY:x\r\nEND:VEVENT\r\n" * 3_000 + b"END:VCALENDAR\r\n", ""),
    "rules": (CALENDAR + b"BEGIN:VEVENT\r\nRRULE:FREQ=DAILY;BYDAY=" + b"MO," * 40_000 + b"\r\nEND:VEVENT\r\n", ""),
    "TNEF attributes": (TNEF + winmail(*[attribute(0x8004, b"")] * 90_000), "winmail.dat not read"),
    "TNEF properties": (TNEF + winmail(attribute(0x9003, b"\xff" * 400_000)), "winmail.dat not read"),
    "TNEF values": (TNEF + winmail(attribute(0x9003, many_values)), "winmail.dat not read"),
    "CMS in CMS": (CMS + b"\x30\x80" * 500_000, ""),
    "CMS pieces": (CMS + signed_data(b"\x24\x80" + b"\x04\x00" * 500_000), ""),
    "surrogates": (HEAD + b"Content-Type: text/plain; charset=utf-7\r\n\r\n" + b"+2AA-" * 100_000, ""),
    "base64": (HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A" * 1_000_001, ""),
}


@pytest.mark.parametrize(("raw", "defect"), BOMBS.values(), ids=BOMBS.keys())
def test_bombs_are_defused(raw: bytes, defect: str) -> None:
    start = time.process_time()
    parsed = read(raw, Limits())
    assert time.process_time() - start < 3, "linear, and far below this on any machine"
    assert_sound(parsed)
    assert not defect or defect in parsed.defects


def test_limits_are_the_callers() -> None:
    raw = compose_post(post())
    assert "mail too big" in parse(raw, limits=Limits(size=500)).defects
    assert "too many parts" in parse(raw, limits=Limits(parts=2)).defects
    assert (
        "attachments too big"
        in parse(eml("quirks/pdf_filename_simple.eml"), limits=Limits(attachment_bytes=10)).defects
    )
    assert "text too long" in parse(mail("x" * 100), limits=Limits(text_bytes=99)).defects


def test_a_long_text_is_cut_and_kept_whole_as_a_file() -> None:
    text = "word " * 10_000 + "end"
    parsed = parse(mail(text))
    assert parsed.truncated
    assert 35_000 < len(parsed.text) <= 40_000
    assert [(file.name, file.content) for file in parsed.attachments] == [("message.md", text.encode())]


def test_unexpected_trouble_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels_app.mail.reading.find_body", lambda *_: 1 / 0)
    assert parse(mail()).defects == ("unreadable: ZeroDivisionError",)


def test_a_mail_without_headers_is_all_text() -> None:
    parsed = parse(b"just text\n\nmore")
    assert (parsed.text, parsed.from_, parsed.message_id) == ("just text\n\nmore", None, None)
    assert parse(b"").text == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [("../../etc/passwd", "passwd"), ("C:\\x\\y.txt", "y.txt"), ("a\x00b?.txt", "a b_.txt"), ("..", "text-1.txt"),
     ("x" * 400 + ".pdf", "x" * 251 + ".pdf")],
)  # fmt: skip
def test_names_of_files_are_made_safe(name: str, expected: str) -> None:
    quoted = name.replace("\\", "\\\\")
    parsed = parse(mail("x", content_disposition=f'attachment; filename="{quoted}"'))
    assert [file.name for file in parsed.attachments] == [expected]


def test_pictures_that_tell_and_links_that_run_are_dropped() -> None:
    html = (
        '<p>Hi <img src="https://t.test/x.gif"> <a href="javascript:alert(1)">x</a> <a href="https://y.test">y</a></p>'
    )
    assert parse(mail(html, content_type="text/html")).text == "Hi x [y](https://y.test)"
