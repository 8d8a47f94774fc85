"""What we sign is verified by dkimpy, which is other people's code, and no longer once somebody changed it."""

from __future__ import annotations

import re
from functools import cache

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from channels_app.mail import Address, Attachment, compose_letter, dkim
from tests.mail.mails import assert_travels, dana, letter, mail, read
from tests.mail.signatures import verifies

TEXTS = st.text(st.characters(codec="utf-8"), max_size=400)
LINES = st.lists(st.sampled_from(["", " ", "a", " a \t b ", "\tx", ".", "--", "é" * 30, "word " * 60]), max_size=12)


@cache
def _key() -> dkim.Key:
    return dkim.read_key(dkim.new_key(), selector="roost", domain="chat.example.org")


def _verifies(raw: bytes, key: dkim.Key | None = None) -> bool:
    return verifies(raw, key or _key())


def _signed(raw: bytes) -> bytes:
    made = dkim.sign(raw, _key())
    assert made.endswith(raw)
    return made


@settings(max_examples=150, deadline=None)
@given(text=TEXTS, html=TEXTS, name=TEXTS, subject=TEXTS, to=TEXTS, content=st.binary(max_size=500))
def test_every_letter_verifies(text: str, html: str, name: str, subject: str, to: str, content: bytes) -> None:
    sent = letter(
        text=text,
        html=html,
        subject=subject,
        list_name=name,
        sender=Address(name, "general@acme.chat.example.org"),
        attachments=(Attachment(name="x", type="image/png", content=content),) if content else (),
    )
    composed, guest = compose_letter(sent), dana(to=Address(to, "dana@d.test"))
    field = dkim.signature(composed.head_to(guest), composed.body_hash, _key())
    raw = composed.to(guest)
    assert field + raw == _signed(raw)
    assert_travels(field + raw)
    assert _verifies(field + raw)


@settings(max_examples=150, deadline=None)
@given(
    lines=LINES,
    ends=st.sampled_from(["\r\n", "\r\n\r\n\r\n", " \r\n\t\r\n"]),
    values=st.lists(st.sampled_from(["x", "  x \t y ", "a\r\n b\r\n\t  c", "", " \r\n "]), max_size=6),
)
def test_every_form_of_header_and_body_verifies(lines: list[str], ends: str, values: list[str]) -> None:
    more = "".join(f"X-Any:{value}\r\n" for value in values)
    body = "\r\n".join(lines) + ends
    assert _verifies(_signed(f"From: Bob <bob@b.test>\r\n{more}X-Last: 1\r\n\r\n{body}".encode()))


def test_another_key_and_another_domain_do_not_verify() -> None:
    other = dkim.read_key(dkim.new_key(), selector="roost", domain="chat.example.org")
    assert not _verifies(_signed(mail()), other)
    elsewhere = dkim.read_key(dkim.new_key(), selector="roost", domain="else.example.org")
    assert not _verifies(dkim.sign(mail(), elsewhere))


@pytest.mark.parametrize("header", [*dkim.NEVER_ADDED, "x-any", "roost-id"])
def test_nobody_changes_or_adds_a_field(header: str) -> None:
    raw = _signed(mail(x_any="1", roost_id="2"))
    assert _verifies(raw)
    line = f"{header}: other\r\n".encode()
    assert not _verifies(line + raw) and not _verifies(raw.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n", 1))
    changed = re.sub(rb"(?im)^%s: .*" % header.encode(), line.strip(), raw)
    assert changed == raw or not _verifies(changed)


def test_nobody_changes_the_body_and_servers_may_add_what_is_theirs() -> None:
    raw = _signed(mail("Hello\nworld"))
    for changed in (raw.replace(b"world", b"World"), raw + b"\r\nP.S.", raw.replace(b"Hello\r\n", b"")):
        assert not _verifies(changed)
    assert _verifies(b"Received: from a\r\n by b\r\nReturn-Path: <x@y.test>\r\nX-Spam: no\r\n" + raw)
    assert _verifies(raw + b"\r\n\r\n")


def test_the_signature_is_a_usual_one() -> None:
    raw = _signed(mail())
    assert raw == _signed(mail()), "the same bytes for the same mail, sent once more"
    assert_travels(raw)
    value = str(read(raw)["DKIM-Signature"])
    tags = dict(re.findall(r"([a-z]+)=([^;]*)", "".join(value.split())))
    assert (tags["a"], tags["c"], tags["d"], tags["s"]) == (
        "rsa-sha256", "relaxed/relaxed", "chat.example.org", "roost",
    )  # fmt: skip
    assert {"from", "to", "reply-to", "list-unsubscribe", "list-unsubscribe-post"} <= set(tags["h"].split(":"))
    assert "dkim-signature" not in tags["h"]
    assert _key().name == "roost._domainkey.chat.example.org"
    assert re.fullmatch(r"v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{392}", _key().record)


@pytest.mark.parametrize(
    "raw", [b"", b"Subject: x\r\n\r\nHello", b"From: a\r\nnonsense\r\n\r\n", b"From: a\nTo: b\n\n"]
)
def test_what_has_no_proper_header_is_not_signed(raw: bytes) -> None:
    with pytest.raises(ValueError):
        dkim.sign(raw, _key())


def _pem(private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"", *, old: bool = False) -> bytes:
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    form = serialization.PrivateFormat.TraditionalOpenSSL if old else serialization.PrivateFormat.PKCS8
    return private.private_bytes(serialization.Encoding.PEM, form, hidden)


def test_keys_of_other_programs() -> None:
    private = rsa.generate_private_key(65537, 1024)
    for pem in (_pem(private), _pem(private, old=True)):
        key = dkim.read_key(pem, selector="s1", domain="Chat.Example.ORG")
        assert key.name == "s1._domainkey.chat.example.org"
        assert _verifies(dkim.sign(mail(), key), key)
    wrong = {
        "no private key": b"nonsense",
        "password": _pem(private, b"secret"),
        "not RSA": _pem(ed25519.Ed25519PrivateKey.generate()),
    }
    for why, pem in wrong.items():
        with pytest.raises(ValueError, match=why):
            dkim.read_key(pem, selector="roost", domain="chat.example.org")
    for selector, domain in (("", "a.test"), ("a b", "a.test"), ("roost", "a..test"), ("roost;x", "a.test")):
        with pytest.raises(ValueError, match="no name for DNS"):
            dkim.read_key(_pem(private), selector=selector, domain=domain)
