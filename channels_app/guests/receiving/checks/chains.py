"""ARC (RFC 8617): what servers on the way, which change mail and so break its signatures, say of how it came to them.

Whoever seals may claim anything, so a chain counts as far down from its last seal as the sealers are trusted.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import dkim

from channels_app.guests.receiving.checks.resolving import Lookup, Unresolved
from channels_app.guests.receiving.checks.signatures import LONGEST_SIGNATURE, Bounded, Keys, Signed, domain_of, tags_of
from channels_app.mail.authres import Result, Vouched, read_results, verdict

MOST_SETS = 10  # RFC 8617, 4.2.1 allows 50; nobody is that far away
_NAMES = (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
_AAR = re.compile(rb"\s*i\s*=\s*(\d{1,2})\s*;(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Chain:
    """`result` for Authentication-Results; what the trusted sealers `vouched` for ("pass" or "unknown")."""

    result: Result | None
    vouched: Vouched = "unknown"


@dataclass(frozen=True, slots=True)
class _Set:
    sealer: str
    results: tuple[Result, ...]


def check(mail: Signed, domain: str, trusted: Collection[str], lookup: Lookup) -> Chain:
    """Of a mail with From at `domain`. Never raises; a chain whose last sealer is not `trusted` is not looked at."""
    sets = _sets(mail)
    if not sets or sets[-1].sealer not in trusted:
        return Chain(None)
    about = {"reason": f"sealed by {sets[-1].sealer}"}
    result = _verify(mail, lookup)
    if result != "pass":
        return Chain(Result("arc", result, about))
    for one in reversed(sets):
        if one.sealer not in trusted:
            break
        if verdict(one.results, domain) == "pass":
            return Chain(Result("arc", "pass", about), "pass")
    return Chain(Result("arc", "pass", about))


def _sets(mail: Signed) -> list[_Set]:
    """The sets in order; none when they are not complete, or when two readers could read them differently."""
    found: dict[bytes, dict[int, bytes]] = {name: {} for name in _NAMES}
    for name, value in mail.fields:
        name = name.lower()
        if name not in found:
            continue
        instance = _instance(name, value)
        if instance is None or instance in found[name] or instance > MOST_SETS:
            return []
        found[name][instance] = value
    count = len(found[b"arc-seal"])
    if any(set(instances) != set(range(1, count + 1)) for instances in found.values()):
        return []
    return [
        _Set(domain_of(tags_of(found[b"arc-seal"][at])), _claims(found[b"arc-authentication-results"][at]))
        for at in range(1, count + 1)
    ]


def _instance(name: bytes, value: bytes) -> int | None:
    """i=, where all of dkimpy's ways to find it agree: it takes the first "i=" of any tag or value for it."""
    if len(value) > LONGEST_SIGNATURE:
        return None
    if name == b"arc-authentication-results":
        found = _AAR.match(value)
        number = found[1] if found else b""
    else:
        number = tags_of(value).get(b"i", b"")
    first = dkim.ARC.INSTANCE_RE.search(value)
    return int(number) if first and number.isdigit() and len(number) < 3 and first[1] == number else None


def _claims(value: bytes) -> tuple[Result, ...]:
    found = _AAR.match(value)
    assert found is not None  # or it would have no instance
    read = read_results(" ".join(found[2].decode("utf-8", "replace").split()))
    return read[1] if read else ()


def _verify(mail: Signed, lookup: Lookup) -> str:
    try:
        result = _Verifier(mail).verify(dnsfunc=Keys(lookup))[0]  # type: ignore[no-untyped-call]
    except Unresolved:
        return "temperror"
    except Exception:  # seals and keys are whatever somebody writes
        return "fail"
    return "pass" if result == dkim.CV_Pass else "fail"


class _Verifier(Bounded, dkim.ARC):
    """Verifies the chain of one mail."""
