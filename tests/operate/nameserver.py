"""A name server on loopback with the zones of a test, wildcards and aliases as RFC 4592 and RFC 1034 have them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone

SOA = "@ 60 IN SOA ns. admin. 1 60 60 60 60\n@ 60 IN NS ns.\n"


@dataclass
class NameServer:
    """`zone` is a zone file's text below the root; at names in `broken` it fails, at those in `silent` it waits."""

    zone: str = ""
    broken: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    address: str = ""

    def has(self, *lines: str) -> None:
        self.zone += "\n".join(lines) + "\n"

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        asked = query.question[0]
        name = asked.name.to_text(omit_final_dot=True)
        if name in self.silent or "." in self.silent:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA | dns.flags.RA
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
            return answer
        zone = dns.zone.from_text(SOA + self.zone, origin=".", relativize=False, check_origin=False)
        if not _follow(zone, asked.name, asked.rdtype, answer):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer

    def serve(self, wire: socket.socket) -> None:
        with suppress(OSError):
            while True:
                raw, client = wire.recvfrom(4096)
                if not raw:  # closed
                    return
                if answer := self._answer(dns.message.from_wire(raw)):
                    wire.sendto(answer.to_wire(max_size=65535), client)


def _follow(zone: dns.zone.Zone, name: dns.name.Name, kind: int, answer: dns.message.Message) -> bool:
    """Put what there is into an answer; whether the name exists."""
    node = zone.get_node(_there(zone, name))
    if node is None:
        return any(known.is_subdomain(name) for known in zone.nodes)
    for rdataset in node.rdatasets:
        if rdataset.rdtype in (kind, dns.rdatatype.CNAME):
            answer.answer.append(dns.rrset.from_rdata_list(name, 60, list(rdataset)))
            if rdataset.rdtype == dns.rdatatype.CNAME != kind:
                _follow(zone, rdataset[0].target, kind, answer)
    return True


def _there(zone: dns.zone.Zone, name: dns.name.Name) -> dns.name.Name:
    """The name itself, else the wildcard below its closest encloser."""
    encloser = name
    while not any(known.is_subdomain(encloser) for known in zone.nodes):
        encloser = encloser.parent()
    return name if encloser == name else dns.name.Name((b"*", *encloser.labels))


@contextmanager
def running_nameserver(*lines: str) -> Iterator[NameServer]:
    server = NameServer()
    server.has(*lines)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.0.0.1", 0))
        server.address = f"127.0.0.1:{wire.getsockname()[1]}"
        thread = threading.Thread(target=server.serve, args=(wire,), daemon=True)
        thread.start()
        yield server
        with suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)
    thread.join(5)
