"""Whether a mail was written by the other server: by its DKIM key, which was told when both sides agreed.

The key that a server tells is the one that its mails are signed with; where the DNS has one of that name it must be the
same. A mail whose signature that key did not make is believed when the DNS has another key now (RFC 6376, 3.6.2): who
can write there can sign for the domain anyhow.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import dkim
import dns.exception
import dns.resolver

from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.sending import signing

log = logging.getLogger(__name__)

DNS_SECONDS = 3.0
_verifier: Callable[..., Any] = dkim.DKIM
MOST_SIGNATURES = 5
LEAST_BITS = 1024
# What a mail between servers is read by; "roost-" stands for all that begin so.
READ = (
    *("from", "date", "message-id", "in-reply-to", "references", "subject"),
    *("mime-version", "content-type", "content-transfer-encoding", "chat-content", "chat-edit", "chat-delete"),
)
_TOLD = re.compile(r"([a-z0-9.-]{1,100}) ([a-z0-9.-]{1,254}) (v=DKIM1; [!-~ ]{1,1900})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Told:
    """A key as a server tells it: the record that its DNS should have under `selector` at `signer`."""

    selector: str
    signer: str
    record: str

    def __str__(self) -> str:
        return f"{self.selector} {self.signer} {self.record}"


class _Named(Protocol):
    """A share, or what is becoming one."""

    @property
    def selector(self) -> str: ...
    @property
    def signer(self) -> str: ...
    @property
    def record(self) -> str: ...


def own() -> Told:
    """Ours. Raises `TryLater` without a key that can be used."""
    key = signing.key()
    return Told(key.selector, key.domain, key.record)


def read(value: str) -> Told | None:
    """A key from its header, or None."""
    found = _TOLD.fullmatch(value.strip())
    return Told(found[1].lower(), found[2].lower(), found[3]) if found else None


def vouches_for(told: Told, domain: str) -> bool:
    """Whether a key at this domain or one above it may sign for the domain."""
    return domain == told.signer or domain.endswith(f".{told.signer}")


def contradicted(told: Told) -> bool:
    """Whether the DNS has another key under this name. Takes some seconds at most."""
    published = lookup(f"{told.selector}._domainkey.{told.signer}")
    return published is not None and _public(published) != _public(told.record)


def is_signed(mail: Arrived, by: _Named) -> bool:
    """Whether this key signed all that the mail is read by."""
    return any(
        _holds(mail, number, by.record) for number in _signatures(mail, by.signer) if number.selector == by.selector
    )


def renewed(mail: Arrived, by: _Named) -> Told | None:
    """The other key of this domain that signed a mail, if the DNS has it. Takes some seconds at most."""
    for number in _signatures(mail, by.signer):
        record = lookup(f"{number.selector}._domainkey.{by.signer}")
        if record is not None and _holds(mail, number, record):
            return Told(number.selector, by.signer, record)
    return None


@dataclass(frozen=True, slots=True)
class _Signature:
    number: int
    selector: str


def _signatures(mail: Arrived, signer: str) -> list[_Signature]:
    """Those of a mail that a domain says it made."""
    values = [value for name, value in mail.headers.order if name.lower() == "dkim-signature"][:MOST_SIGNATURES]
    found = []
    for number, value in enumerate(values):
        tags = dict(tag.strip().partition("=")[::2] for tag in value.split(";"))
        if tags.get("d", "").strip().lower() == signer:
            found.append(_Signature(number, tags.get("s", "").strip().lower()))
    return found


def _holds(mail: Arrived, signature: _Signature, record: str) -> bool:
    def published(name: bytes, timeout: float = DNS_SECONDS) -> bytes:
        return record.encode()

    verifier: Any = _verifier(mail.raw, minkey=LEAST_BITS)
    try:
        good = bool(verifier.verify(signature.number, dnsfunc=published))
    except Exception as error:  # whatever a signature is made of
        log.info("a signature can't be read: %s", error)
        return False
    return good and b"l" not in verifier.signature_fields and _covers(mail, verifier.include_headers)


def _covers(mail: Arrived, names: tuple[bytes, ...]) -> bool:
    """Whether each field we read is signed, as often as it is there (RFC 6376, 5.4.2)."""
    signed = Counter(name.decode("ascii", "replace").lower() for name in names)
    there = Counter(name.lower() for name, _ in mail.headers.order)
    return all(signed[name] >= count for name, count in there.items() if name in READ or name.startswith("roost-"))


def _public(record: str) -> str:
    """The key itself."""
    tags = dict(tag.strip().partition("=")[::2] for tag in record.split(";"))
    return "".join(tags.get("p", "").split())


def lookup(name: str) -> str | None:
    """The TXT record of a name, or None: when there is none, and when nobody answers."""
    try:
        answers = dns.resolver.resolve(name, "TXT", lifetime=DNS_SECONDS)
    except dns.exception.DNSException:
        return None
    return next((b"".join(answer.strings).decode("ascii", "replace") for answer in answers), None)
