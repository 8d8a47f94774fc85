"""Names and addresses as DNS has them, asked in bounded time: of the machine's resolvers, or of those given."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import dns.exception
import dns.name
import dns.resolver
import dns.reversename
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

ANSWER_SECONDS = 4.0  # of one question, all resolvers and repetitions together


class Unanswered(Exception):
    """Nobody knows whether there is such a record; why."""


class Names:
    """One resolver that remembers. `servers` are `address` or `address:port`; without any, the machine's own."""

    def __init__(self, servers: Sequence[str] = (), *, seconds: float = ANSWER_SECONDS) -> None:
        """Raises ValueError for what is no address."""
        self._resolver = dns.resolver.Resolver(configure=False)
        if not servers:
            with contextlib.suppress(dns.resolver.NoResolverConfiguration):  # then none answers
                self._resolver.read_resolv_conf("/etc/resolv.conf")
        self._resolver.lifetime = seconds
        self._resolver.timeout = seconds / 2
        self._resolver.cache = dns.resolver.LRUCache()
        if servers:
            parted = [_parted(server) for server in servers]
            self._resolver.nameservers = [address for address, _ in parted]
            self._resolver.nameserver_ports = dict(parted)

    def answer(self) -> None:
        """Raises `Unanswered` when nobody answers at all."""
        self._ask(".", "NS")

    def txt(self, name: str) -> list[str]:
        """The texts at a name, the strings of each joined (RFC 7208, 3.3; RFC 6376, 3.6.2.2)."""
        found = self._ask(name, "TXT")
        return [b"".join(one.strings).decode("utf-8", "replace") for one in found if isinstance(one, TXT)]

    def mail_servers(self, name: str) -> list[tuple[int, str]]:
        """(preference, host) of each MX, the preferred first; the null MX (RFC 7505) has an empty host."""
        found = [one for one in self._ask(name, "MX") if isinstance(one, MX)]
        return sorted((one.preference, one.exchange.to_text(omit_final_dot=True).rstrip(".")) for one in found)

    def addresses(self, name: str) -> list[str]:
        """IPv4 first."""
        return [*self.ipv4(name), *self.ipv6(name)]

    def ipv4(self, name: str) -> list[str]:
        return [one.address for one in self._ask(name, "A") if isinstance(one, A)]

    def ipv6(self, name: str) -> list[str]:
        return [one.address for one in self._ask(name, "AAAA") if isinstance(one, AAAA)]

    def hosts(self, address: str) -> list[str]:
        """The names of an address (PTR)."""
        reverse = dns.reversename.from_address(address).to_text()
        return self.pointers(reverse)

    def pointers(self, name: str) -> list[str]:
        found = self._ask(name, "PTR")
        return [one.target.to_text(omit_final_dot=True) for one in found if isinstance(one, PTR)]

    def is_alias(self, name: str) -> bool:
        """Whether there is a CNAME at the name itself."""
        return bool(self._ask(name, "CNAME"))

    def _ask(self, name: str, kind: str) -> Sequence[object]:
        """Empty where there is no such name, or nothing of this kind at it. Raises `Unanswered`."""
        try:
            return list(self._resolver.resolve(dns.name.from_text(name), kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException as error:
            raise Unanswered(f"{name} {kind}: {_short(error)}") from None


def _short(error: dns.exception.DNSException) -> str:
    if isinstance(error, dns.exception.Timeout):
        return "nobody answers"
    if isinstance(error, dns.resolver.NoNameservers):
        return "the name servers can't say"
    return str(error) or type(error).__name__


def _parted(server: str) -> tuple[str, int]:
    if server.startswith("["):
        address, _, port = server[1:].partition("]")
        return address, int(port.lstrip(":") or 53)
    address, _, port = server.partition(":")
    return (server, 53) if ":" in port else (address, int(port or 53))
