"""SecureJoin, Autocrypt and the mails of an encrypted group, against what Delta Chat sends."""

from __future__ import annotations

import email
import email.policy
from base64 import b64encode
from dataclasses import replace
from email.message import EmailMessage

import pytest

from channels_app.mail import Attachment, Limits, group, parse, sealed, securejoin
from channels_app.mail.autocrypt import Autocrypt, autocrypt, gossip, read_autocrypt
from channels_app.mail.group import Group, Reader, Said, SaidKind
from channels_app.mail.headers import Headers, read_headers
from channels_app.mail.openpgp import certificate_of, fingerprint, new_key
from channels_app.mail.securejoin import Code, Step, read_step
from tests.mail.mails import EML, OWN, ROOT, WHEN

KEY = certificate_of(new_key("general@a.test"))
GUS_KEY = certificate_of(new_key("gus@g.test"))
GENERAL = Group("0ChannelGeneral0", "Größe & Co", "general@a.test", KEY)
GUS = Reader("gus@g.test", GUS_KEY, fingerprint(GUS_KEY))
HELLO = Said(kind="message", message_id=OWN, date=WHEN, author="Zoë", text="Hello *all*")


def headers_of(raw: bytes) -> Headers:
    return read_headers(raw, 0, len(raw), Limits())[0]


def captured(name: str) -> bytes:
    return (EML / "securejoin" / f"{name}.eml").read_bytes()


def mail(raw: bytes) -> EmailMessage:
    assert raw.isascii() and max(map(len, raw.split(b"\r\n"))) <= 998
    return email.message_from_bytes(raw, policy=email.policy.default)


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("v3-request-pubkey.decrypted", Step("vc-request-pubkey", "", "bWazR4ys2c8Bt4jhjO2q7E7g", "")),
        ("v2-request", Step("vg-request", "lr0YEDzWV7VV3ly04hbraQia", "", "")),
    ],
)
def test_the_first_mail_of_both_versions(name: str, step: Step) -> None:
    assert read_step(headers_of(captured(name))) == step


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_the_last_mail_of_both_versions(version: str) -> None:
    headers = headers_of(captured(f"{version}-request-with-auth.decrypted"))
    step, key = read_step(headers), read_autocrypt(headers)
    assert step is not None and key is not None
    assert step.name == "vg-request-with-auth" and step.secret
    assert step.fingerprint == fingerprint(key.certificate) and key.mutual
    assert parse(captured(f"{version}-request-with-auth.decrypted")).from_ is not None


def test_no_other_mail_is_a_step() -> None:
    for name in ("group-text.decrypted", "group-leave.decrypted", "v3-request-with-auth"):
        assert read_step(headers_of(captured(name))) is None
    assert read_step(headers_of(b"Secure-Join: vg-member-added\r\n\r\n")) is None


def test_what_is_inside_an_encrypted_mail() -> None:
    found = sealed.unwrap(captured("v3-request-with-auth"))
    assert found is not None and found.startswith(b"-----BEGIN PGP MESSAGE-----")
    again = sealed.unwrap(sealed.wrap(found, sender="a@a.test", date=WHEN, message_id=OWN))
    assert again is not None and again.split() == found.split()
    for raw in (captured("v2-request"), b"", b"Content-Type: multipart/encrypted; boundary=x\r\n\r\n--x\r\n\r\nx"):
        assert sealed.unwrap(raw) is None


def test_from_outside_there_is_nothing_to_see() -> None:
    outside = mail(sealed.wrap(b"...", sender="general@a.test", date=WHEN, message_id=OWN))
    assert (outside["From"], outside["Subject"], outside["Message-ID"]) == ("general@a.test", "[...]", OWN)
    assert outside["To"].addresses == () and outside.get_content_type() == "multipart/encrypted"
    assert "Chat-Version" not in outside


def test_a_code_says_it_all() -> None:
    code = Code("F" * 40, "0a@acme.example.org", "0ChannelGeneral0", "Größe & Co", "number", "secret")
    fields = "v=3&a=0a%40acme.example.org&g=Gr%C3%B6%C3%9Fe%20%26%20Co&x=0ChannelGeneral0&i=number&s=secret"
    assert code.text == f"OPENPGP4FPR:{'F' * 40}#{fields}"
    assert code.link == f"https://i.delta.chat/#{'F' * 40}&{fields}"


def test_a_key_is_told_and_read() -> None:
    told = headers_of((autocrypt("General@a.test", KEY) + "\r\n\r\n").encode())
    assert read_autocrypt(told) == Autocrypt("general@a.test", KEY, mutual=True)
    assert gossip("gus@g.test", GUS_KEY).startswith("Autocrypt-Gossip: addr=gus@g.test; keydata=\r\n ")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "addr=a@a.test",
        "keydata=AAAA",
        "addr=a@a.test; keydata=!!",
        "addr=a@a.test; keydata=",
        f"addr=a@a.test; secret=1; keydata={b64encode(KEY).decode()}",
        f"addr=a@a.test; keydata={b64encode(bytes(40_000)).decode()}",
        f"addr=a@a.test; keydata=AAAA\r\nAutocrypt: addr=a@a.test; keydata={b64encode(KEY).decode()}",
    ],
)
def test_a_key_that_is_none(value: str) -> None:
    assert read_autocrypt(headers_of(f"Autocrypt: {value}\r\n\r\n".encode())) is None


def test_an_author_is_told_by_name() -> None:
    inside = mail(group.said(GENERAL, GUS, HELLO))
    assert (inside["From"], inside["Sender"]) == ("Zoë <general@a.test>", "general@a.test")
    assert (inside["Chat-Group-ID"], inside["Chat-Group-Name"]) == (GENERAL.id, GENERAL.name)
    assert inside["Content-Type"].params["hp"] == "cipher" and inside.get_content().strip() == HELLO.text
    assert "Sender" not in mail(group.said(GENERAL, GUS, replace(HELLO, author="")))


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("edit", "Chat-Edit", "\u270f\ufe0fHello *all*"),
        ("delete", "Chat-Delete", "🚮"),
        ("reaction", "Content-Disposition", "Hello *all*"),
        ("pin", "Chat-Content", "Hello *all*"),
    ],
)
def test_what_is_done_to_a_message(kind: SaidKind, name: str, text: str) -> None:
    inside = mail(group.said(GENERAL, GUS, replace(HELLO, kind=kind, target=ROOT)))
    value = {"Content-Disposition": "reaction", "Chat-Content": "message-pinned"}.get(name, ROOT)
    assert (inside[name], inside["In-Reply-To"], inside.get_content().strip()) == (value, ROOT, text)


def test_a_voice_note() -> None:
    file = Attachment("song.ogg", "audio/ogg", b"OggS")
    inside = mail(group.said(GENERAL, GUS, replace(HELLO, text="", attachments=(file,), voice=True)))
    text, part = inside.iter_parts()
    assert inside["Chat-Voice-Message"] == "1" and text.get_content().strip() == ""
    assert (part.get_filename(), part.get_content()) == ("song.ogg", b"OggS")
    assert inside["Content-Type"].params["hp"] == "cipher"


def test_who_comes_and_goes() -> None:
    added = mail(group.member_added(GENERAL, GUS, date=WHEN, message_id=OWN))
    assert (added["Secure-Join"], added["Chat-Group-Member-Added"]) == ("vg-member-added", GUS.email)
    assert added["Chat-Group-Member-Fpr"] == added["Chat-Group-Member-Added-Fpr"] == GUS.fingerprint
    removed = mail(group.member_removed(GENERAL, GUS, date=WHEN, message_id=OWN, text="Bye"))
    assert removed["Chat-Group-Member-Removed"] == GUS.email
    other = mail(
        group.others_changed(
            GENERAL, GUS, date=WHEN, message_id=OWN, person="p1@a.test", added=True, text="Bob added Zoe."
        )
    )
    assert other["Chat-Group-Member-Added"] == "p1@a.test" and "Autocrypt-Gossip" not in other
    renamed = mail(group.renamed(GENERAL, GUS, date=WHEN, message_id=OWN, before="lobby", text="..."))
    assert renamed["Chat-Group-Name-Changed"] == "lobby"


@pytest.mark.parametrize("name", ["a\r\nBcc: eve@evil.test", "=?utf-8?q?a?=", "x" * 2000, "a\0\u2028b"])
def test_a_name_stays_in_its_header(name: str) -> None:
    for raw in (
        group.said(replace(GENERAL, name=name), GUS, replace(HELLO, author=name)),
        group.renamed(replace(GENERAL, name=name), GUS, date=WHEN, message_id=OWN, before=name, text=name),
    ):
        assert "Bcc" not in mail(raw)


def test_what_a_code_is_sealed_with() -> None:
    assert securejoin.password("F" * 40, "secret") == f"securejoin/{'F' * 40}/secret"
