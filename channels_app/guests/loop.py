"""A mail to ourselves: out by the relay, and in again the way that guests' answers come. Nothing is posted.

Its address is made up for one test, known to the cache alone, and good for nothing else.
"""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import dkim as dkimpy
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from channels_app.guests.receiving import reports
from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.sending import signing
from channels_app.guests.sending.relay import Refused, Relay
from channels_app.mail.authres import trusted_results
from workspace.events.lanes import TryLater

KNOWN_SECONDS = 600
_ADDRESS = re.compile(r"loop\+t([a-z2-7]{16})@[^@\s]+")
_verify: Callable[..., bool] = dkimpy.verify


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a test mail came: `intact` when its signature still holds, `vouched` what the servers we trust say of it.

    `returned`: it did not, and this is why, in the words of the server that gave it back.
    """

    intact: bool = False
    vouched: str = ""
    returned: str = ""


def send(domain: str) -> str:
    """Send a test mail to an address at one of our domains; the address. Raises `ConnectionError` with what is said."""
    token = base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()
    address = f"loop+t{token}@{domain}"
    cache.set(_key(token), {}, KNOWN_SECONDS)
    try:
        asyncio.run(_send(address, signing.signed(_mail(address, token))))
    except (TryLater, Refused) as error:
        raise ConnectionError(str(error)) from None
    return address


def arrival(address: str) -> Arrival | None:
    """What became of the test mail to an address; None while it is under way."""
    found = cache.get(_key(_token(address)))
    return Arrival(**found) if found else None


def awaits(recipient: str) -> bool:
    """Whether this is the address of a test that is under way."""
    token = _token(recipient)
    return bool(token) and cache.get(_key(token)) is not None


def note(mail: Arrived, recipient: str) -> bool:
    """Write down that a test mail is back, if this is one."""
    if not awaits(recipient):
        return False
    if mail.sender:
        said = trusted_results(mail.headers.order, settings.TRUSTED_AUTHSERV)
        vouched = ", ".join(f"{one.method}={one.result}" for one in said)
        came = Arrival(intact=_is_intact(mail.raw), vouched=vouched)
    else:
        came = Arrival(returned=reports.failure(mail) or "no reason was given")
    cache.set(_key(_token(recipient)), asdict(came), KNOWN_SECONDS)
    return True


def _token(address: str) -> str:
    found = _ADDRESS.fullmatch(address.strip().lower())
    return found[1] if found else ""


def _key(token: str) -> str:
    return f"guests:loop:{token}"


def _mail(address: str, token: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Roost <{address}>"
    mail["To"] = address
    mail["Subject"] = "Does our mail come round?"
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = f"<{token}.loop@{settings.MAIL_DOMAIN}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("Roost sent this to itself, to see whether mail goes out and comes in.\n")
    return mail.as_bytes()


async def _send(address: str, content: bytes) -> None:
    relay = Relay()
    try:
        await relay.send(address, address, content)
    finally:
        relay.close()


def _is_intact(raw: bytes) -> bool:
    """Whether our signature holds, whatever DNS has."""
    key = signing.key()

    def txt(name: bytes, timeout: int = 5) -> bytes | None:
        return key.record.encode() if name.decode("ascii", "replace") == f"{key.name}." else None

    try:
        return _verify(raw, dnsfunc=txt)
    except dkimpy.DKIMException:
        return False
