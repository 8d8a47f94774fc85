"""What is inside a mail besides its text: winmail.dat, envelopes of signatures, invitations, pictures, links."""

from __future__ import annotations

import base64

import pytest

from channels_app.mail import parse
from channels_app.mail.enveloped import signed_content, without_armour
from channels_app.mail.invites import read_invite
from channels_app.mail.links import honest, without_detours
from channels_app.mail.tnef import unpack
from tests.mail.envelopes import attribute, binary, packed_file, properties, signed_data, winmail, words
from tests.mail.mails import mail

# winmail.dat


def test_what_outlook_packs_is_unpacked() -> None:
    raw = winmail(
        attribute(0x9007, b"\xe3\x04\0\0\0\0\0\0"),  # Windows-1251
        attribute(0x8004, b"a subject\0"),
        attribute(0x800C, "Привет".encode("cp1251") + b"\0"),
        packed_file("PLAN~1.TXT", b"plan", words(0x3707, "Plan März.txt"), words(0x370E, "text/plain")),
        packed_file("empty.txt", b""),
        packed_file("LOGO.PNG", b"png", words(0x3712, "logo@1"), binary(0x8001, b"") + bytes(12)),
    )
    unpacked = unpack(raw) or pytest.fail("nothing unpacked")
    assert unpacked.text == "Привет"
    assert [(file.name, file.content, file.type, file.content_id) for file in unpacked.files] == [
        ("Plan März.txt", b"plan", "text/plain", ""),
        ("LOGO.PNG", b"png", "", "logo@1"),
    ]


def test_a_named_property_is_passed_over() -> None:
    by_number = b"\x1f\0\x05\x80" + bytes(16) + bytes(4) + b"\x01\x80\0\0" + words(0, "x")[4:]
    by_name = b"\x1f\0\x06\x80" + bytes(16) + b"\x01\0\0\0\x06\0\0\0ab\0\0\0\0\0\0" + words(0, "y")[4:]
    raw = winmail(attribute(0x9003, properties(by_number, by_name, words(0x1000, "the text"))))
    assert (unpack(raw) or pytest.fail("nothing")).text == "the text"


@pytest.mark.parametrize("raw", [b"", b"\x78\x9f\x3e\x22", winmail(), winmail()[:-4] + b"\xff" * 20, b"x" * 100])
def test_a_winmail_without_anything_stays_a_file(raw: bytes) -> None:
    assert unpack(raw) is None
    parsed = parse(mail(base64.b64encode(raw or b"x").decode(), content_type='application/ms-tnef; name="winmail.dat"',
                        content_transfer_encoding="base64"))  # fmt: skip
    assert [file.name for file in parsed.attachments] == ["winmail.dat"]
    assert parsed.defects == ("winmail.dat not read",)


# Signatures around a mail


@pytest.mark.parametrize(
    "octets", [b"\x04\x05hello", b"\x24\x80\x04\x03hel\x04\x02lo\0\0", b"\x24\x09\x04\x03hel\x04\x02lo"]
)
def test_a_signed_mail_in_one_part_is_opened(octets: bytes) -> None:
    assert signed_content(signed_data(octets)) == b"hello"


@pytest.mark.parametrize("cms", [b"", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", signed_data(b"\x05\0"), b"\0" * 90])
def test_broken_envelopes_stay_files(cms: bytes) -> None:
    assert signed_content(cms) is None


def test_what_is_inside_an_envelope_brings_no_headers() -> None:
    inner = b"From: eve@e.test\r\nMessage-ID: <eve@e.test>\r\nSubject: other\r\nContent-Type: text/plain\r\n\r\nhi"
    raw = signed_data(b"\x04\x81" + bytes([len(inner)]) + inner)
    parsed = parse(mail(base64.b64encode(raw).decode(), message_id="<bob@b.test>", subject="mine",
                        content_type="application/pkcs7-mime; smime-type=signed-data",
                        content_transfer_encoding="base64"))  # fmt: skip
    assert (parsed.text, parsed.message_id, parsed.subject) == ("hi", "<bob@b.test>", "mine")
    assert parsed.from_ and parsed.from_.email == "bob@b.test"
    assert parsed.attachments == () and parsed.defects == ()


def test_armour_is_taken_off_and_what_is_around_it_stays() -> None:
    armoured = (
        "before\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- - one\n- -- \ntwo\n"
        "-----BEGIN PGP SIGNATURE-----\n\nabc=\n-----END PGP SIGNATURE-----\nafter"
    )
    assert without_armour(armoured) == "before\n- one\n-- \ntwo\nafter"
    for text in (armoured[:-40], "> " + armoured, "no -----BEGIN PGP SIGNED MESSAGE-----\n\nx"):
        assert without_armour(text).count("BEGIN PGP SIGNED") == 1 or text.startswith("> ")


# Invitations


def _event(*lines: str, method: str = "REQUEST") -> str:
    event = ["BEGIN:VEVENT", "UID:1", "SUMMARY:Talk", *lines, "END:VEVENT"]
    return "\r\n".join(["BEGIN:VCALENDAR", f"METHOD:{method}", *event, "END:VCALENDAR", ""])


def _told(*lines: str, method: str = "REQUEST") -> list[str]:
    invite = read_invite(_event(*lines, method=method)) or pytest.fail("no invitation")
    return invite.told.splitlines()


@pytest.mark.parametrize(
    ("lines", "when"),
    [
        (["DTSTART:20261127T110000Z", "DTEND:20261127T120000Z"], "Fri 27 November 2026, 11:00–12:00 UTC"),
        (["DTSTART:20261127T230000Z", "DURATION:PT2H"],
         "Fri 27 November 2026, 23:00 – Sat 28 November 2026, 01:00 UTC"),
        (["DTSTART:20261127T110000"], "Fri 27 November 2026, 11:00"),
        (["DTSTART;TZID=Nowhere:20261127T110000"], "Fri 27 November 2026, 11:00 (Nowhere)"),
        (["DTSTART;TZID=Tokyo Standard Time:20261127T110000"], "Fri 27 November 2026, 11:00 (Asia/Tokyo)"),
        (["DTSTART;VALUE=DATE:20261127"], "Fri 27 November 2026, all day"),
        (["DTSTART;VALUE=DATE:20261127", "DTEND;VALUE=DATE:20261128"], "Fri 27 November 2026, all day"),
        (["DTSTART;VALUE=DATE:20261127", "DTEND;VALUE=DATE:20261130"], "Fri 27 November 2026 – Sun 29 November 2026"),
    ],
)  # fmt: skip
def test_when_it_is(lines: list[str], when: str) -> None:
    assert _told(*lines)[2:] == [f"- When: {when}"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR;WKST=MO", "every week on Monday, Wednesday and Friday"),
        ("FREQ=MONTHLY;INTERVAL=3;BYDAY=-1FR;COUNT=4", "every 3 months on the last Friday, 4 times"),
        ("FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20270101", "every month on day 15, until Fri 1 January 2027"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "every year on the second Sunday in March"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", "every month, by a rule of its own"),
        ("FREQ=HOURLY", "often"),
    ],
)
def test_how_it_repeats(rule: str, words: str) -> None:
    assert f"- Repeats: {words}" in _told("DTSTART:20261127T110000Z", f"RRULE:{rule}")


@pytest.mark.parametrize(
    ("method", "lines", "head"),
    [
        ("REQUEST", [], "Invitation"),
        ("REQUEST", ["SEQUENCE:2"], "Invitation changed"),
        ("REQUEST", ["STATUS:CANCELLED"], "Cancelled"),
        ("CANCEL", [], "Cancelled"),
        ("COUNTER", [], "New time proposed"),
        ("PUBLISH", [], "Event"),
        ("REPLY", ["ATTENDEE;PARTSTAT=ACCEPTED:mailto:d@d.test"], "Accepted"),
        ("REPLY", ["ATTENDEE;PARTSTAT=TENTATIVE:mailto:d@d.test"], "Accepted tentatively"),
        ("REPLY", ["ATTENDEE;PARTSTAT=DECLINED:mailto:d@d.test"], "Declined"),
        ("REPLY", [], "Answered"),
        ("X-OTHER", [], "Event"),
    ],
)
def test_what_it_is_about(method: str, lines: list[str], head: str) -> None:
    assert _told(*lines, method=method)[0] == f"📅 **{head}: Talk**"


def test_names_in_an_invitation_are_no_markdown() -> None:
    told = _told("LOCATION:[here](https://e.test) *now*", "ORGANIZER;CN=<b>Eve</b>:mailto:e@e.test")
    assert told[2:] == [r"- Where: \[here\](https://e.test) \*now\*", r"- Organizer: \<b\>Eve\</b\>"]
    assert _told("ORGANIZER:MAILTO:e@e.test")[2:] == ["- Organizer: e@e.test"]


def test_what_google_writes_into_a_description() -> None:
    rule = "-::~:~::~:~:~:~:~:~:~:~:~:~:~::~:~::-"
    html = rf'<b>Bring</b> the plan<br><a href="https://m.test">here</a>\n\n{rule}\nJoin: https://meet.test/a\n{rule}'
    invite = read_invite(_event(f"DESCRIPTION:{html}")) or pytest.fail("no invitation")
    assert invite.description.startswith("**Bring** the plan") and "[here](https://m.test)" in invite.description
    assert "~" not in (read_invite(_event(rf"DESCRIPTION:a\n{rule}\nb")) or invite).description


@pytest.mark.parametrize("source", ["", "METHOD:REQUEST", "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n",
                                    _event().replace("METHOD:REQUEST\r\n", ""), "x" * 200_000])  # fmt: skip
def test_what_is_no_invitation_is_none(source: str) -> None:
    assert read_invite(source) is None


# Pictures and links


def _with_picture(html: str) -> bytes:
    return mail(
        f"--b\nContent-Type: text/html\n\n{html}\n--b\nContent-Type: image/png; name=a&b.png\nContent-ID: <one@x>\n"
        "\npng\n--b\nContent-Type: image/png; name=two.png\nContent-ID: <two@x>\n\npng2\n--b--\n",
        content_type="multipart/related; boundary=b",
        in_reply_to="<x@y.test>",
    )


def test_a_picture_is_named_where_it_stood() -> None:
    html = '<p>Before <img alt="A" src="cid:one@x"> after</p><blockquote><img src=\'cid:two@x\'></blockquote>'
    parsed = parse(_with_picture(html))
    assert (parsed.text, parsed.quoted) == ("Before [a&b.png] after", "> [two.png]")
    assert [file.name for file in parsed.attachments] == ["a&b.png"]


def test_a_picture_nobody_names_is_a_file() -> None:
    parsed = parse(_with_picture('<p>Look</p><img src="cid:other@x"><img src="https://t.test/1.gif">'))
    assert parsed.text == "Look"
    assert [file.name for file in parsed.attachments] == ["a&b.png", "two.png"]


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[the menu](https://m.test/x)", "[the menu](https://m.test/x)"),
        ("[m.test](https://www.m.test/x)", "[m.test](https://www.m.test/x)"),
        ("[www.m.test/x](https://shop.m.test)", "[www.m.test/x](https://shop.m.test)"),
        ("[https://bank.test](https://bank.test.evil.test)",
         "[https://bank.test → bank.test.evil.test](https://bank.test.evil.test)"),
        ("[bank.test](https://bank.test@evil.test/)", "[bank.test → evil.test](https://bank.test@evil.test/)"),
        ("[bank\\_a.test](http://evil.test)", "[bank\\_a.test → evil.test](http://evil.test)"),
        ("[a@a.test](mailto:b@b.test?subject=x)", "[a@a.test → b@b.test](mailto:b@b.test?subject=x)"),
        ("[a@a.test](mailto:A@a.test)", "[a@a.test](mailto:A@a.test)"),
        ("[a@bank.test](https://evil.test)", "[a@bank.test → evil.test](https://evil.test)"),
        ("[bank.test](http://[::1)", "[bank.test → nowhere](http://[::1)"),
        ("[z.B. so](https://m.test)", "[z.B. so](https://m.test)"),
    ],
)  # fmt: skip
def test_a_link_says_where_it_leads(link: str, shown: str) -> None:
    assert honest(link) == shown


def test_detours_are_taken_out() -> None:
    detour = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fm.test%2Fa%20b%3Fc%3Dd&amp;data=x"
    assert without_detours(f"see {detour}.") == "see https://m.test/a%20b?c=d"
    assert without_detours(f"m <{detour}>") == "m <https://m.test/a%20b?c=d>"
    evil = detour.replace("https%3A", "javascript%3A")
    assert without_detours(evil) == evil
    assert without_detours("a@a.test<mailto:a@a.test> https://m.test<https://m.test/>") == "a@a.test https://m.test"
