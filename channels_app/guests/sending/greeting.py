"""How the relay introduces itself: its name, whether it offers TLS, and the certificate it shows."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

import aiosmtplib

from channels_app.guests.sending import relay

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Greeting:
    """`name` as in its greeting; `certificate` (DER) empty without TLS, and `doubt`: why it is not to be trusted."""

    name: str
    certificate: bytes
    doubt: str = ""


def greet() -> Greeting:
    """Ask the relay as mail would, logging in where we have a password. Raises `ConnectionError` with its words."""
    try:
        try:
            return asyncio.run(_greet(doubt=""))
        except (aiosmtplib.SMTPException, OSError) as error:
            if not (doubt := _doubt(error)):
                raise
            return asyncio.run(_greet(doubt=doubt))
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise ConnectionError(str(error) or type(error).__name__) from None


async def _greet(doubt: str) -> Greeting:
    """With the certificate looked at, or, when there is a doubt already, only taken."""
    client = relay.connector()
    try:
        answer = await client.connect(timeout=SECONDS, validate_certs=not doubt)
        wire = client.get_transport_info("ssl_object")
        certificate = wire.getpeercert(binary_form=True) if wire else None
        return Greeting(answer.message.split(" ")[0].lower().rstrip("."), certificate or b"", doubt)
    finally:
        client.close()


def _doubt(error: BaseException | None) -> str:
    """What is wrong with the certificate, if that is why it failed."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__
    return ""
