"""Autocrypt headers (Level 1, 1.1): a mailbox's certificate, said by the mailbox itself or gossiped by others."""

import binascii
from base64 import b64encode
from dataclasses import dataclass

from channels_app.mail.encode import addr_spec
from channels_app.mail.headers import Headers
from channels_app.mail.openpgp import CERTIFICATE_BYTES

_KNOWN = {"addr", "prefer-encrypt", "keydata"}


@dataclass(frozen=True, slots=True)
class Autocrypt:
    """Whose certificate (`email` in lower case), and whether they ask for encrypted answers."""

    email: str
    certificate: bytes
    mutual: bool


def autocrypt(email: str, certificate: bytes) -> str:
    """The header by which a mailbox tells its certificate, and that it takes encrypted mail."""
    return _header("Autocrypt", f"addr={addr_spec(email)}; prefer-encrypt=mutual;", certificate)


def gossip(email: str, certificate: bytes) -> str:
    """The header that tells somebody else's, or their own back to them; it may stand in encrypted parts alone."""
    return _header("Autocrypt-Gossip", f"addr={addr_spec(email)};", certificate)


def _header(name: str, opening: str, certificate: bytes) -> str:
    data = b64encode(certificate).decode("ascii")
    lines = [data[at : at + 76] for at in range(0, len(data), 76)]
    return "\r\n ".join((f"{name}: {opening} keydata=", *lines))


def read_autocrypt(headers: Headers) -> Autocrypt | None:
    """What a mail says of its sender's key; nothing when it says it twice or in a way that nobody knows."""
    if "autocrypt" in headers.repeated:
        return None
    fields = dict(_attributes(headers.get("autocrypt")))
    critical = {name for name in fields if not name.startswith("_")}
    if not {"addr", "keydata"} <= critical or not critical <= _KNOWN:
        return None
    try:
        certificate = binascii.a2b_base64("".join(fields["keydata"].split()), strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    if not certificate or len(certificate) > CERTIFICATE_BYTES:
        return None
    return Autocrypt(fields["addr"].lower(), certificate, fields.get("prefer-encrypt") == "mutual")


def _attributes(value: str) -> list[tuple[str, str]]:
    pairs = (piece.partition("=") for piece in value.split(";") if "=" in piece)
    return [(name.strip().lower(), text.strip()) for name, _, text in pairs]
