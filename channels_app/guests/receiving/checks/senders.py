"""SPF (RFC 7208): whether the server that hands a mail over may send for the domain of the envelope's sender."""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass

import spf

from channels_app.guests.receiving.checks.resolving import Kind, Lookup, Unresolved
from channels_app.mail.authres import Result
from channels_app.mail.domains import ascii_domain

log = logging.getLogger(__name__)

# Addresses that nobody sends from (RFC 1112, 4; RFC 6666): whoever lets these send, lets everybody.
_NOBODY = {4: "240.0.0.1", 6: "100::1"}
_KINDS: dict[str, Kind] = {"TXT": "TXT", "A": "A", "AAAA": "AAAA", "MX": "MX", "PTR": "PTR"}


@dataclass(frozen=True, slots=True)
class Client:
    """Who hands a mail over: the IP address, and what it says its name is (of any form)."""

    address: str
    helo: str


def check(client: Client, sender: str, lookup: Lookup) -> Result:
    """The result for the envelope's sender; for the null sender that of the client's name. Never raises.

    A domain that lets everybody send vouches for nobody: its "pass" is a "policy".
    """
    domain = ascii_domain(sender) if sender else ""
    helo = ascii_domain(client.helo)
    by = {"smtp.remote-ip": client.address}
    if not (domain or (helo and not sender)):
        return Result("spf", "none", {"smtp.mailfrom": sender, **by} if sender else {"smtp.helo": client.helo, **by})
    about = {"smtp.mailfrom": domain, **by} if sender else {"smtp.helo": helo, **by}
    address = _address(client.address)
    if address is None:
        return Result("spf", "permerror", about)
    local = sender.rpartition("@")[0].replace("@", "_") or "postmaster"
    who = f"{local}@{domain or helo}"
    result = _query(str(address), who, helo, lookup)
    if result == "pass" and _query(_NOBODY[address.version], who, helo, lookup) == "pass":
        return Result("spf", "policy", {"reason": "everybody may send for this domain", **about})
    return Result("spf", result, about)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _query(address: str, sender: str, helo: str, lookup: Lookup) -> str:
    try:
        result: str = _Query(address, sender, helo, lookup).check()[0]  # type: ignore[no-untyped-call]
    except Unresolved:
        return "temperror"
    except Exception as error:  # records are whatever somebody writes
        log.info("SPF of %s could not be read: %r", sender, error)
        return "permerror"
    return result


class _Query(spf.query):
    """pyspf's query, with our DNS in place of its own."""

    def __init__(self, address: str, sender: str, helo: str, lookup: Lookup) -> None:
        super().__init__(i=address, s=sender, h=helo or "unknown")  # type: ignore[no-untyped-call]
        self._lookup = lookup

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[object]:
        name = str(name).removesuffix(".").lower()
        kind = _KINDS.get(qtype)
        fits = all(0 < len(label) < 64 for label in name.split("."))
        found = self._lookup(name, kind) if kind and fits and name.isascii() else ()
        if fits and not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("too many void lookups")  # type: ignore[no-untyped-call]
        return [_as_pyspf(one, kind) for one in found]


def _as_pyspf(answer: str, kind: Kind | None) -> object:
    if kind == "TXT":
        return [answer.encode("latin-1")]
    if kind == "MX":
        preference, _, host = answer.partition(" ")
        return int(preference), host
    return answer
