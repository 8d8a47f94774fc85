"""DNS made in the test, and domains that sign their mail with real keys."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from channels_app.guests.receiving.checks.resolving import Answers, Kind, Unresolved
from channels_app.mail.authres import Result, write_results

SELECTOR = "s"
HEADERS = ["From", "Subject", "Message-Id", "Content-Type"]


@dataclass
class Zone:
    """`records` by (name, kind); names in `away` give no answer. `asked` is every question."""

    records: dict[tuple[str, Kind], Answers] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    asked: list[tuple[str, Kind]] = field(default_factory=list)

    def __call__(self, name: str, kind: Kind, /) -> Answers:
        self.asked.append((name, kind))
        if name in self.away:
            raise Unresolved(name)
        return self.records.get((name, kind), ())

    def has(self, name: str, *answers: str, kind: Kind = "TXT") -> None:
        self.records[name, kind] = answers

    def spf(self, domain: str, terms: str) -> None:
        self.has(domain, f"v=spf1 {terms}")

    def dmarc(self, domain: str, tags: str) -> None:
        self.has(f"_dmarc.{domain}", f"v=DMARC1; {tags}")

    def key(self, domain: str) -> None:
        self.has(f"{SELECTOR}._domainkey.{domain}", f"v=DKIM1; k=rsa; p={_keys(domain)[1]}")

    def signs(self, domain: str, tags: str = "p=reject") -> None:
        """A domain that is all well set up, and sends from nowhere that SPF would name."""
        self.key(domain)
        self.dmarc(domain, tags)


@cache
def _keys(domain: str) -> tuple[bytes, str]:
    """(private key in PEM, public key in base64)."""
    key = rsa.generate_private_key(65537, 1024)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return pem, base64.b64encode(public).decode()


def signed(
    raw: bytes,
    domain: str,
    *,
    headers: Sequence[str] = (*HEADERS, "From"),
    algorithm: str = "rsa-sha256",
    canon: tuple[str, str] = ("relaxed", "simple"),
    length: bool = False,
) -> bytes:
    """The mail with a signature of a domain on top."""
    signature: bytes = dkim.sign(
        raw,
        SELECTOR.encode(),
        domain.encode(),
        _keys(domain)[0],
        include_headers=[name.encode() for name in headers],
        signature_algorithm=algorithm.encode(),
        canonicalize=(canon[0].encode(), canon[1].encode()),
        length=length,
    )
    return signature + raw


def sealed(raw: bytes, by: str, *results: Result) -> bytes:
    """The mail with one more set of ARC on top, in which `by` claims these results."""
    told = write_results(by, results) + raw
    fields: list[bytes] = dkim.arc_sign(
        told,
        SELECTOR.encode(),
        by.encode(),
        _keys(by)[0],
        by.encode(),
        include_headers=[name.encode() for name in HEADERS],
    )
    assert fields
    return b"".join(fields) + raw
