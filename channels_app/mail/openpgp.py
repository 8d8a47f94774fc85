"""OpenPGP (RFC 9580): keys, and mails sealed to certificates or a password; bytes in, bytes out.

Sequoia makes keys, encrypts and signs. It can't verify what Delta Chat compresses, so rPGP opens (`unsealing`), in a
process of its own that is held to some memory: a few bytes of a stranger's can unfold into gigabytes.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pysequoia
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from channels_app.mail import unsealing

CERTIFICATE_BYTES = 32 * 1024
SECONDS = 30
_AES256, _SHA256, _SALTED = 9, 8, 1
_BLOCK = 16


class Unreadable(Exception):
    """This can't be opened with these keys and passwords."""


@dataclass(frozen=True, slots=True)
class Unsealed:
    """What was sealed; `signer` is the place of the certificate whose signature is good, None when none is."""

    content: bytes
    signer: int | None


def new_key(address: str) -> bytes:
    """A secret key (a TSK) for an address, without a password; it does not expire."""
    return bytes(pysequoia.Tsk.generate(f"<{address}>"))


def certificate_of(secret: bytes) -> bytes:
    """The public part of a secret key."""
    return bytes(pysequoia.Tsk.from_bytes(secret).extract_certificate())


def fingerprint(certificate: bytes) -> str:
    """In upper-case hex. Raises ValueError for what is no certificate, or one too big to be a person's."""
    if len(certificate) > CERTIFICATE_BYTES:
        raise ValueError("a certificate is too big")
    try:
        return pysequoia.Cert.from_bytes(certificate).fingerprint.upper()
    except Exception as error:  # whatever Sequoia raises
        raise ValueError(f"not a certificate: {str(error)[:100]}") from None


def seal(content: bytes, *, to: Sequence[bytes], by: bytes) -> bytes:
    """Encrypt to certificates and sign with a secret key; armored. Raises ValueError when a certificate can't be used.

    Signed with the primary key: Delta Chat ignores signing subkeys.
    """
    signer = pysequoia.Tsk.from_bytes(by).certifier()
    try:
        return pysequoia.encrypt(content, [pysequoia.Cert.from_bytes(one) for one in to], signer)
    except Exception as error:
        raise ValueError(f"can't encrypt: {str(error)[:100]}") from None


def seal_with(content: bytes, password: str, *, by: bytes) -> bytes:
    """Encrypt with a password and sign; armored.

    The password's S2K is "salted" (RFC 9580, 3.7.1.2): Delta Chat takes no iterated one, and Sequoia makes no other.
    It is for passwords that are as random as a key.
    """
    signer = pysequoia.Tsk.from_bytes(by).certifier()
    signed = pysequoia.sign(signer, content, mode=pysequoia.SignatureMode.INLINE, armor=False)
    salt = os.urandom(8)
    session = _packet(3, bytes((4, _AES256, _SALTED, _SHA256)) + salt)  # SKESK, version 4
    key = hashlib.sha256(salt + password.encode()).digest()
    return pysequoia.armor(session + _protected(signed, key), pysequoia.ArmorKind.Message).encode()


def _protected(packets: bytes, key: bytes) -> bytes:
    """A SEIPD packet, version 1 (RFC 9580, 5.13.1)."""
    prefix = os.urandom(_BLOCK)
    plain = prefix + prefix[-2:] + packets + b"\xd3\x14"
    plain += hashlib.sha1(plain).digest()
    encryptor = Cipher(algorithms.AES(key), CFB(bytes(_BLOCK))).encryptor()
    return _packet(18, b"\x01" + encryptor.update(plain) + encryptor.finalize())


def _packet(tag: int, body: bytes) -> bytes:
    return bytes((0xC0 | tag, 0xFF)) + len(body).to_bytes(4, "big") + body


def unseal(
    sealed: bytes, *, secret: bytes, passwords: Sequence[str] = (), certificates: Sequence[bytes] = ()
) -> Unsealed:
    """Open what is encrypted to a key or with one of some passwords, armored or not. Raises `Unreadable`."""
    asked = unsealing.written([sealed, secret, _joined(passwords), *certificates])
    command = [sys.executable, "-I", str(Path(unsealing.__file__))]
    try:
        done = subprocess.run(command, input=asked, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Unreadable("it takes too long to open") from None
    if done.returncode:
        raise Unreadable("it can't be opened")
    number, content = unsealing.read(done.stdout)
    return Unsealed(content, int(number) if number else None)


def _joined(passwords: Sequence[str]) -> bytes:
    return "\n".join(passwords).encode()
