"""Encrypted mails as they travel (PGP/MIME, RFC 3156): from outside there is nothing to see but two addresses."""

from datetime import datetime

from channels_app.mail.compose import boundary, multipart
from channels_app.mail.dates import write_date
from channels_app.mail.encode import addr_spec
from channels_app.mail.model import Limits
from channels_app.mail.parts import Reader

TYPE = "multipart/encrypted"
_PROTOCOL = 'encrypted; protocol="application/pgp-encrypted"'
_VERSION = b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"


def wrap(sealed: bytes, *, sender: str, date: datetime, message_id: str) -> bytes:
    """The mail around an armored message, as chat programs write it: no names, no recipients, no subject."""
    lines = [
        f"From: <{addr_spec(sender)}>",
        'To: "hidden-recipients": ;',
        "Subject: [...]",
        f"Date: {write_date(date)}",
        f"Message-ID: {message_id}",
        "MIME-Version: 1.0",
    ]
    return ("\r\n".join(lines) + "\r\n").encode("ascii") + sealed_part(sealed, message_id)


def sealed_part(sealed: bytes, message_id: str) -> bytes:
    """The body from its Content-Type on."""
    head = b'Content-Type: application/octet-stream; name="encrypted.asc"\r\n\r\n'
    armored = sealed.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    mark = "=_e" + boundary(message_id, "sealed")
    return multipart(_PROTOCOL, mark, [_VERSION, head + armored]) + b"\r\n"


def unwrap(raw: bytes) -> bytes | None:
    """The sealed message in an encrypted mail, armored or not; None for any other mail. Never raises."""
    reader = Reader(raw, Limits())
    root = reader.root()
    if root.type != TYPE or len(root.children) < 2:
        return None
    return reader.content(root.children[1])
