"""DNS: what domains say of their mail, remembered for a while, and never more of it than is looked at."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Literal, Protocol

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

Kind = Literal["TXT", "A", "AAAA", "MX", "PTR"]
Answers = tuple[str, ...]

LOOKUP_SECONDS = 5.0
MOST_RECORDS = 50
LONGEST_RECORD = 4096  # characters
MOST_KNOWN = 2000  # answers that are remembered
KNOWN_SECONDS = 3600.0  # at most; and at least, as a mail asks for the same several times
LEAST_SECONDS = 5.0
NOTHING_SECONDS = 60.0

# RFC 7208, 4.6.4 allows one SPF check more than a hundred; what is above is meant to keep us busy.
MOST_LOOKUPS = 150
CHECK_SECONDS = 25.0


class Unresolved(Exception):
    """DNS gives no answer for now: nothing can be said of the mail."""


class Lookup(Protocol):
    """What DNS has for a name (ASCII, without a last dot).

    TXT: each record in one piece, a character for each octet; A, AAAA: addresses; MX: "preference host"; PTR: names.
    Empty when there is nothing, or no such name. Raises `Unresolved`.
    """

    def __call__(self, name: str, kind: Kind, /) -> Answers: ...


class Resolver:
    """Asks the servers of this machine's configuration. Used by several threads."""

    def __init__(self, asked: dns.resolver.Resolver | None = None) -> None:
        self._asked = asked
        self._known: OrderedDict[tuple[str, Kind], tuple[float, Answers]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, name: str, kind: Kind, /) -> Answers:
        key = (name.lower(), kind)
        with self._lock:
            until, known = self._known.get(key, (0.0, ()))
        if time.monotonic() < until:
            return known
        answers, seconds = self._ask(*key)
        with self._lock:
            self._known[key] = (time.monotonic() + seconds, answers)
            self._known.move_to_end(key)
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return answers

    def _ask(self, name: str, kind: Kind) -> tuple[Answers, float]:
        """The answers, and for how many seconds they may be remembered."""
        try:
            full = dns.name.from_text(name, dns.name.root)
        except (dns.exception.DNSException, UnicodeError):
            return (), NOTHING_SECONDS  # no name
        try:
            found = self._resolver().resolve(full, kind, lifetime=LOOKUP_SECONDS, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return (), NOTHING_SECONDS
        except (dns.exception.DNSException, OSError) as error:
            raise Unresolved(f"DNS does not say what {name} has ({type(error).__name__})") from None
        seconds = min(max(float(found.rrset.ttl if found.rrset else 0), LEAST_SECONDS), KNOWN_SECONDS)
        return tuple(_read(found))[:MOST_RECORDS], seconds

    def _resolver(self) -> dns.resolver.Resolver:
        with self._lock:
            if self._asked is None:
                self._asked = dns.resolver.Resolver()
            return self._asked


def _read(answer: dns.resolver.Answer) -> Iterator[str]:
    for one in answer:
        text = _text(one)
        if len(text) <= LONGEST_RECORD:
            yield text


def _text(one: Any) -> str:
    if one.rdtype == dns.rdatatype.TXT:
        return b"".join(one.strings).decode("latin-1")
    if one.rdtype == dns.rdatatype.MX:
        return f"{one.preference} {one.exchange.to_text(omit_final_dot=True)}"
    if one.rdtype == dns.rdatatype.PTR:
        return str(one.target.to_text(omit_final_dot=True))
    return str(one.address)


class Bounded:
    """The lookups of one mail, of which there may only be so many."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._left = MOST_LOOKUPS
        self._end = time.monotonic() + CHECK_SECONDS

    def __call__(self, name: str, kind: Kind, /) -> Answers:
        self._left -= 1
        if self._left < 0 or time.monotonic() > self._end:
            raise Unresolved("it would take too many questions to DNS")
        return self._lookup(name, kind)
