"""Keys, sealing and opening, against both libraries; what strangers send costs little and raises one thing."""

from __future__ import annotations

from typing import Literal

import openpgp.composed as rpgp
import pytest

from channels_app.mail import openpgp, unsealing
from channels_app.mail.openpgp import Unreadable, Unsealed, certificate_of, new_key, seal, seal_with, unseal

Compression = Literal["zlib", "zip", "bzip2"]
CHANNEL, GUS, EVE = (new_key(address) for address in ("general@a.test", "gus@g.test", "eve@evil.test"))
TEXT = "Grüße\r\n".encode()


def from_gus(content: bytes = TEXT, compression: Compression = "zlib", signed: bytes = GUS) -> bytes:
    """Sealed to the channel as Delta Chat does: signed, compressed, and nobody can see to whom."""
    builder = rpgp.MessageBuilder.from_bytes("", content).compression(compression)
    builder = builder.sign(rpgp.SignedSecretKey.from_bytes(signed)) if signed else builder
    recipient = rpgp.SignedPublicKey.from_bytes(certificate_of(CHANNEL))
    return builder.seipd_v2("aes256", "ocb").encrypt_to_key_anonymous(recipient).to_vec()


@pytest.mark.parametrize("compression", ["zlib", "zip"])
def test_what_a_chat_program_seals_is_opened_and_its_signer_told(compression: Compression) -> None:
    certificates = [certificate_of(EVE), certificate_of(GUS)]
    assert unseal(from_gus(compression=compression), secret=CHANNEL, certificates=certificates) == Unsealed(TEXT, 1)


def test_nobody_else_signed_it() -> None:
    assert unseal(from_gus(), secret=CHANNEL, certificates=[certificate_of(EVE)]).signer is None
    assert unseal(from_gus(signed=b""), secret=CHANNEL, certificates=[certificate_of(GUS)]).signer is None
    assert unseal(from_gus(), secret=CHANNEL).signer is None


def test_ours_is_opened_by_its_receiver_alone() -> None:
    sealed = seal(TEXT, to=[certificate_of(GUS)], by=CHANNEL)
    assert sealed.startswith(b"-----BEGIN PGP MESSAGE-----")
    assert unseal(sealed, secret=GUS, certificates=[certificate_of(CHANNEL)]) == Unsealed(TEXT, 0)
    with pytest.raises(Unreadable):
        unseal(sealed, secret=EVE)


def test_ours_is_signed_by_the_primary_key() -> None:
    """Delta Chat ignores what a subkey signed."""
    sealed = seal(TEXT, to=[certificate_of(GUS)], by=CHANNEL).decode()
    message, _ = rpgp.Message.from_armor(sealed)
    opened = message.decrypt(None, rpgp.SignedSecretKey.from_bytes(GUS))
    assert [signature.issuer_fingerprint() for signature in opened.signatures()] == [
        [openpgp.fingerprint(certificate_of(CHANNEL)).lower()]
    ]


def test_a_password_that_fits_opens() -> None:
    sealed = seal_with(TEXT, "right", by=CHANNEL)
    opened = unseal(sealed, secret=GUS, passwords=["wrong", "right"], certificates=[certificate_of(CHANNEL)])
    assert opened == Unsealed(TEXT, 0)
    for passwords in ([], ["wrong"]):
        with pytest.raises(Unreadable):
            unseal(sealed, secret=GUS, passwords=passwords)


def test_the_password_is_salted_and_not_iterated() -> None:
    (session,) = rpgp.Message.from_armor(seal_with(TEXT, "right", by=CHANNEL).decode())[
        0
    ].symmetric_key_encrypted_session_key_packets()
    assert session.string_to_key is not None and session.string_to_key.type_id == 1


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0", b"-----BEGIN PGP MESSAGE-----\n\nabc", b"\xff" * 1000, from_gus()[:-20], certificate_of(GUS), GUS],
    ids=["nothing", "nul", "armor", "noise", "cut off", "certificate", "key"],
)
def test_what_is_no_message_can_not_be_opened(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        unseal(raw, secret=CHANNEL, passwords=["x"], certificates=[certificate_of(GUS)])


def test_a_changed_message_can_not_be_opened() -> None:
    sealed = bytearray(from_gus())
    sealed[-40] ^= 1
    with pytest.raises(Unreadable):
        unseal(bytes(sealed), secret=CHANNEL)


def test_a_bomb_goes_off_elsewhere() -> None:
    bomb = from_gus(bytes(unsealing.MEMORY), signed=b"")
    assert len(bomb) < 1024 * 1024
    with pytest.raises(Unreadable):
        unseal(bomb, secret=CHANNEL)


@pytest.mark.parametrize(
    "raw", [b"", b"x" * 100, certificate_of(GUS)[:50], b"\x99" * 100_000], ids=["nothing", "text", "cut off", "big"]
)
def test_what_is_no_certificate(raw: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        openpgp.fingerprint(raw)
    with pytest.raises(ValueError, match="can't encrypt"):
        seal(TEXT, to=[raw], by=CHANNEL)
