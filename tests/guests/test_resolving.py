"""DNS over a real socket: a server of our own that answers what it is told to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from channels_app.guests.receiving.checks import resolving
from channels_app.guests.receiving.checks.resolving import Answers, Kind, Resolver, Unresolved


@dataclass
class Server:
    """`zone` by (name, type): texts of records, or an rcode; whatever else there is not. "silence" is no answer."""

    zone: dict[tuple[str, str], list[str] | str] = field(default_factory=dict)
    ttl: int = 300
    asked: list[str] = field(default_factory=list)

    def answer(self, raw: bytes, *, most: int = 65535) -> bytes | None:
        query = dns.message.from_wire(raw)
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name} {kind}")
        told = self.zone.get((name, kind), "NOERROR" if any(name == known for known, _ in self.zone) else "NXDOMAIN")
        if told == "silence":
            return None
        response = dns.message.make_response(query)
        if isinstance(told, str):
            response.set_rcode(dns.rcode.from_text(told))
        else:
            response.answer.append(dns.rrset.from_text(question.name, self.ttl, "IN", kind, *told))
        wire = response.to_wire(max_size=65535)
        if len(wire) > most:
            response.answer.clear()
            response.flags |= dns.flags.TC
            wire = response.to_wire()
        return wire


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def resolver(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    """Asks `server`, by UDP and TCP."""
    monkeypatch.setattr(resolving, "LOOKUP_SECONDS", 0.5)
    stream = socket.create_server(("127.0.0.1", 0))
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagram.bind(stream.getsockname())

    def by_udp() -> None:
        while True:
            raw, whom = datagram.recvfrom(4096)
            if not raw:
                return
            if (wire := server.answer(raw, most=1232)) is not None:
                datagram.sendto(wire, whom)

    def by_tcp() -> None:
        while True:
            client, _ = stream.accept()
            with client:
                head = client.recv(2)
                if not head:
                    return
                wire = server.answer(client.recv(int.from_bytes(head)))
                assert wire is not None
                client.sendall(len(wire).to_bytes(2) + wire)

    threads = [threading.Thread(target=by_udp), threading.Thread(target=by_tcp)]
    for thread in threads:
        thread.start()
    asked = dns.resolver.Resolver(configure=False)
    asked.nameservers, asked.port = ["127.0.0.1"], stream.getsockname()[1]
    yield Resolver(asked)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", datagram.getsockname())
    socket.create_connection(stream.getsockname()).close()
    for thread in threads:
        thread.join(10)
    stream.close()
    datagram.close()


@pytest.mark.parametrize(
    ("kind", "told", "answers"),
    [
        ("TXT", ['"v=spf1 " "-all"', '"other"'], ("v=spf1 -all", "other")),
        ("TXT", ['"\\255\\200"'], ("\xff\xc8",)),
        ("A", ["192.0.2.1", "192.0.2.2"], ("192.0.2.1", "192.0.2.2")),
        ("AAAA", ["2001:db8::1"], ("2001:db8::1",)),
        ("MX", ["10 mx.d.test."], ("10 mx.d.test",)),
        ("PTR", ["mx.d.test."], ("mx.d.test",)),
    ],
)
def test_answers(server: Server, resolver: Resolver, kind: Kind, told: list[str], answers: Answers) -> None:
    server.zone["d.test", kind] = told
    assert sorted(resolver("D.test", kind)) == sorted(answers)


def test_what_is_not_there(server: Server, resolver: Resolver) -> None:
    server.zone["d.test", "A"] = ["192.0.2.1"]
    assert resolver("d.test", "TXT") == resolver("none.test", "TXT") == ()
    assert resolver("x" * 64 + ".test", "TXT") == resolver("a..b", "TXT") == resolver("ü" * 80, "A") == ()


@pytest.mark.parametrize("trouble", ["SERVFAIL", "REFUSED", "silence"])
def test_trouble_is_to_try_again(server: Server, resolver: Resolver, trouble: str) -> None:
    server.zone["d.test", "TXT"] = trouble
    with pytest.raises(Unresolved):
        resolver("d.test", "TXT")
    server.zone["d.test", "TXT"] = ['"back"']
    assert resolver("d.test", "TXT") == ("back",)


def test_answers_are_remembered_and_forgotten(
    server: Server, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "MOST_KNOWN", 2)
    server.zone["d.test", "TXT"] = ['"one"']
    assert [resolver("d.test", "TXT") for _ in range(3)] == [("one",)] * 3
    assert resolver("none.test", "A") == resolver("none.test", "A") == ()
    assert len(server.asked) == 2
    resolver("other.test", "A")
    resolver("d.test", "TXT")
    assert server.asked[-1] == "d.test TXT" and len(server.asked) == 4
    later = time.monotonic() + server.ttl + 1
    monkeypatch.setattr("channels_app.guests.receiving.checks.resolving.time.monotonic", lambda: later)
    resolver("d.test", "TXT")
    assert len(server.asked) == 5


def test_big_answers(server: Server, resolver: Resolver) -> None:
    pieces = " ".join(f'"{"x" * 250}"' for _ in range(16))
    server.zone["d.test", "TXT"] = [pieces, " ".join([pieces, pieces]), '"v=spf1 -all"']
    assert sorted(resolver("d.test", "TXT")) == ["v=spf1 -all", "x" * 4000]
    server.zone["d.test", "A"] = [f"192.0.2.{number}" for number in range(200)]
    assert len(resolver("d.test", "A")) == resolving.MOST_RECORDS
