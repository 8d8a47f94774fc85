"""DKIM (RFC 6376): which domains signed a mail, by dkimpy, which here never meets more than it can bear.

The body is hashed by us, in pieces, and once for however many signatures: dkimpy copies all of it several times for
each, and needs quadratic time for long runs of spaces. Only a header that keeps to the letter of RFC 5322 is looked at:
what is signed and what is shown must be the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from channels_app.guests.receiving.checks.resolving import Lookup, Unresolved
from channels_app.mail.authres import Result
from channels_app.mail.domains import aligned, ascii_domain

# dkimpy reports every bad signature as an error; it is one of whoever made it.
_quiet = logging.getLogger(f"{__name__}.dkimpy")
_quiet.setLevel(logging.CRITICAL)

Tags = dict[bytes, bytes]

MOST_SIGNATURES = 5  # that are verified: those of the domain in From first
MOST_SEEN = 50
LONGEST_SIGNATURE = 4096
LONGEST_KEY = 2048
# RFC 8301, 3.2; and every exponent in use is smaller. Bigger ones are made to keep us busy.
MOST_MODULUS_BITS, MOST_EXPONENT_BITS = 4096, 64
PIECE = 64 * 1024

_FIELD = re.compile(rb"([!-9;-~]+):((?:[^\r\n\0]*\r\n)(?:[ \t][^\r\n\0]*\r\n)*)")
_SOLID = re.compile(rb"[^ \t\r\n]")
_SPACES = re.compile(rb"[ \t]+")


@dataclass
class Signed:
    """A mail as signatures see it: the `fields` of its header (name, value with its line end), and the body's hashes.

    `fields` is empty when the header is not what RFC 5322 has.
    """

    raw: bytes
    body: int  # where it begins
    fields: list[tuple[bytes, bytes]]
    _hashes: dict[bool, bytes] = field(default_factory=dict)

    def body_hash(self, *, relaxed: bool) -> bytes:
        """SHA-256 of the canonical body (RFC 6376, 3.4)."""
        if relaxed not in self._hashes:
            self._hashes[relaxed] = _body_hash(self.raw, self.body, relaxed=relaxed)
        return self._hashes[relaxed]


def read(raw: bytes, body: int, names: list[str]) -> Signed:
    """`body` is where the body begins, `names` are those of the header's fields (lower case) as others here read it."""
    head = raw[:body]
    if head.endswith(b"\r\n\r\n"):
        head = head[:-2]
    fields = list(_fields(head))
    if [name.decode("ascii").lower() for name, _ in fields] != names:
        fields = []
    return Signed(raw, body, fields)


def _fields(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while found := _FIELD.match(head, at):
        yield found[1], found[2]
        at = found.end()
    if at < len(head):
        yield b"", b""  # no field, so that this is no header


def check(mail: Signed, domain: str, lookup: Lookup) -> tuple[Result, ...]:
    """A result for each signature that was looked at, those that are aligned with `domain` first. Never raises."""
    found = [(at, tags_of(value)) for at, value in enumerate(_signatures(mail)) if at < MOST_SEEN]
    found.sort(key=lambda one: not aligned(domain_of(one[1]), domain))
    return tuple(_verified(mail, at, tags, lookup) for at, tags in found[:MOST_SIGNATURES])


def _signatures(mail: Signed) -> Iterator[bytes]:
    return (value for name, value in mail.fields if name.lower() == b"dkim-signature")


def tags_of(value: bytes) -> Tags:
    """The tags of a signature; none of one that is too long, or not of their form."""
    if len(value) > LONGEST_SIGNATURE:
        return {}
    try:
        tags: Tags = parse_tag_value(value)  # type: ignore[no-untyped-call]
    except (InvalidTagValueList, IndexError):
        return {}
    return tags


def domain_of(tags: Tags) -> str:
    """Whose signature it is; empty when that is nobody."""
    return ascii_domain(tags.get(b"d", b"").decode("utf-8", "replace"))


def _verified(mail: Signed, at: int, tags: Tags, lookup: Lookup) -> Result:
    about = {"header.d": domain_of(tags), "header.s": tags.get(b"s", b"").decode("utf-8", "replace")}
    if not about["header.d"]:
        return Result("dkim", "permerror", {"reason": "no such signature can be"})
    result, why = _unfit(tags) or _outcome(mail, at, lookup)
    return Result("dkim", result, {"reason": why, **about} if why else about)


def _unfit(tags: Tags) -> tuple[str, str] | None:
    """What a signature promises too little for, whether it is good or not."""
    if b"l" in tags:
        return "policy", "anybody can add to the body (l=)"
    if tags.get(b"a") == b"rsa-sha1":
        return "policy", "SHA-1"  # RFC 8301, 3.1
    if b"from" not in re.split(rb"[\s:]+", tags.get(b"h", b"").lower()):
        return "permerror", "From is not signed"  # RFC 6376, 5.4
    return None


def _outcome(mail: Signed, at: int, lookup: Lookup) -> tuple[str, str]:
    """The result, and why."""
    keys = Keys(lookup)
    verifier = Verifier(mail)
    try:
        good = verifier.verify(idx=at, dnsfunc=keys)  # type: ignore[no-untyped-call]
    except dkim.NaClNotFoundError:
        return "neutral", "ed25519"
    except dkim.ValidationError as error:
        return "fail", str(error)[:100]
    except Unresolved:
        return "temperror", ""
    except Exception as error:  # signatures and keys are whatever somebody writes
        return "permerror", type(error).__name__
    if keys.missing:
        return "permerror", "no key"
    return ("pass", "") if good else ("fail", "bad signature")


class Keys:
    """What dkimpy asks for keys."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.missing = False

    def __call__(self, name: bytes, timeout: float = 0) -> bytes | None:
        """The record of a key. Raises `Unresolved`, which dkimpy lets through."""
        domain = ascii_domain(name.decode("utf-8", "replace"))
        found = next(iter(self._lookup(domain, "TXT")), "") if domain else ""
        self.missing = not found or len(found) > LONGEST_KEY
        return None if self.missing else found.encode("latin-1")


class Bounded(dkim.DomainSigner):
    """Of dkimpy what verifies, with our reading of the mail and our hash of its body."""

    def __init__(self, mail: Signed) -> None:
        super().__init__(logger=_quiet)  # type: ignore[no-untyped-call]
        self._mail = mail
        self.headers = mail.fields

    def verify_sig(
        self, sig: Tags, include_headers: list[bytes], sig_header: tuple[bytes, bytes], dnsfunc: Keys
    ) -> bool:
        if b"bh" in sig:
            self._check_body(sig)
            sig = {name: value for name, value in sig.items() if name != b"bh"}
        return bool(super().verify_sig(sig, include_headers, sig_header, dnsfunc))  # type: ignore[no-untyped-call]

    def verify_sig_process(
        self, sig: Tags, include_headers: list[bytes], sig_header: tuple[bytes, bytes], dnsfunc: Keys
    ) -> bool:
        key = self.pk if self.ktag == b"rsa" else {"modulus": 0, "publicExponent": 0}
        bits = key["modulus"].bit_length(), key["publicExponent"].bit_length()
        if bits[0] > MOST_MODULUS_BITS or bits[1] > MOST_EXPONENT_BITS:
            raise dkim.KeyFormatError("too big a key")
        return bool(
            super().verify_sig_process(sig, include_headers, sig_header, dnsfunc)  # type: ignore[no-untyped-call]
        )

    def _check_body(self, sig: Tags) -> None:
        how = sig.get(b"c", b"simple/simple").partition(b"/")[2] or b"simple"
        if b"l" in sig or sig.get(b"a") == b"rsa-sha1" or how not in (b"simple", b"relaxed"):
            raise dkim.ValidationError("the body is not signed as it has to be")
        try:
            wanted = base64.b64decode(re.sub(rb"\s+", b"", sig[b"bh"]))
        except binascii.Error:
            raise dkim.ValidationError("bh= is no hash") from None
        if self._mail.body_hash(relaxed=how == b"relaxed") != wanted:
            raise dkim.ValidationError("the body was changed")


class Verifier(Bounded, dkim.DKIM):
    """Verifies signatures of one mail."""


def _body_hash(raw: bytes, start: int, *, relaxed: bool) -> bytes:
    digest = hashlib.sha256()
    held, begun = 0, False  # empty lines, of which those at the end do not count
    for piece in _pieces(raw, start):
        if relaxed:
            piece = _SPACES.sub(b" ", piece).replace(b" \r\n", b"\r\n")
        end = len(piece)
        while piece.endswith(b"\r\n", 0, end):
            end -= 2
        if end:
            digest.update(b"\r\n" * held)
            digest.update(piece[:end])
            held, begun = 0, True
        held += (len(piece) - end) // 2
    if begun or not relaxed:
        digest.update(b"\r\n")
    return digest.digest()


def _pieces(raw: bytes, at: int) -> Iterator[bytes]:
    """Cut behind something that is neither a space nor part of a line end."""
    while at < len(raw):
        solid = _SOLID.search(raw, at + PIECE)
        end = solid.end() if solid else len(raw)
        yield raw[at:end]
        at = end
