"""The domains of this installation's mail, and the servers that carry it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from publicsuffixlist import PublicSuffixList

from workspace.operate import paths
from workspace.operate.doctor.names import Names, Unanswered

# Names that are in nobody's DNS (RFC 6761, RFC 6762).
_SPECIAL = ("localhost", "local", "test", "invalid", "example", "localdomain", "internal")


@dataclass(frozen=True)
class Domains:
    """`mail` is MAIL_DOMAIN, `orgs` the domains of its organizations; `sends_from`: addresses an admin told us."""

    mail: str
    orgs: Sequence[str]
    names: Names
    sends_from: Sequence[str] = ()

    @property
    def is_public(self) -> bool:
        return "." in self.mail and self.mail.rpartition(".")[2] not in _SPECIAL

    @cached_property
    def relay(self) -> str:
        """The host in SMTP_URL, or nothing."""
        return urlsplit(settings.SMTP_URL).hostname or ""

    @property
    def is_providers(self) -> bool:
        """Whether the relay is one we log in to: what it sends from is its own matter."""
        return bool(urlsplit(settings.SMTP_URL).username)

    @property
    def is_here(self) -> bool:
        """Whether the relay is on this machine."""
        return paths.is_loopback(self.relay)

    @cached_property
    def outgoing(self) -> Sequence[str]:
        """The addresses that receivers see, as far as they can be known. Raises `Unanswered`."""
        if self.sends_from or not self.relay or self.is_providers:
            return self.sends_from
        found = _own_addresses() if self.is_here else _addresses(self.relay, self.names)
        return [address for address in found if ipaddress.ip_address(address).is_global]

    def place(self, domain: str) -> str:
        """Where a record for a domain has to stand: the wildcard, unless DNS has something at the domain itself.

        Then the wildcard says nothing of it (RFC 4592, 2.2.1).
        """
        if domain in (self.mail, f"*.{self.mail}"):
            return domain
        own = self._found_at(domain)
        return domain if own and own != self._found_at(f"nobody-is-called-so.{self.mail}") else f"*.{self.mail}"

    def _found_at(self, domain: str) -> Sequence[object]:
        names = self.names
        return [*names.mail_servers(domain), *names.addresses(domain), *sorted(names.txt(domain))]

    @cached_property
    def mail_server(self) -> str:
        """The name of the server that takes mail for us: the one DNS has, the one we trust, or a proposal."""
        for domain in (*self.orgs, self.mail):
            try:
                hosts = [host for _, host in self.names.mail_servers(domain) if host]
            except Unanswered:
                break
            if hosts:
                return hosts[0]
        return next((server for server in settings.TRUSTED_AUTHSERV if "." in server), f"mail.{self.mail}")


def organizational(domain: str) -> str:
    """The domain that somebody registered (RFC 7489, 3.2); the domain itself where that is not known."""
    found: str | None = _suffixes().privatesuffix(domain)
    return found or domain


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _addresses(host: str, names: Names) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return names.addresses(host)


def _own_addresses() -> list[str]:
    """The addresses of this machine towards the outside; nothing is sent."""
    found = []
    for family, outside in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((outside, 53))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return found
