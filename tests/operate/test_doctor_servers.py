"""What the doctor says of the servers that carry our mail: by relays that offer TLS or none, and one that is away."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from channels_app.guests import loop
from channels_app.guests.receiving import inwards
from tests.guests.sink import Sink, Taken
from workspace.operate.doctor import carried
from workspace.operate.doctor.domains import Domains
from workspace.operate.doctor.finding import Finding
from workspace.operate.doctor.names import Names
from workspace.operate.part import free_port

ORG = "acme.roost.localhost"


def _domains() -> Domains:
    return Domains("roost.localhost", [ORG], Names(["127.0.0.1:1"], seconds=0.1))


def _certificate(name: str, days: float, issuer: str = "") -> tuple[bytes, bytes]:
    """(PEM with key, DER) of a certificate that is good for some days more, or was."""
    key, end = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC) + timedelta(days=days)
    called = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer or name)]
    built = (
        x509.CertificateBuilder()
        .subject_name(called[0])
        .issuer_name(called[1])
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=400))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, *form)
    return private + built.public_bytes(serialization.Encoding.PEM), built.public_bytes(serialization.Encoding.DER)


@contextmanager
def _relay(sink: Any, **more: Any) -> Iterator[str]:
    controller = Controller(sink, hostname="127.0.0.1", port=free_port(), server_hostname="Relay.Example.org", **more)
    controller.start()
    try:
        yield f"127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def _states(found: list[Finding]) -> dict[str, str]:
    return {one.check: one.state for one in found}


@pytest.mark.parametrize(
    ("name", "days", "issuer", "state", "found"),
    [
        ("mail.example.org", 90, "Some CA", "ok", "(89 days)"),
        ("*.example.org", 90, "Some CA", "ok", "(89 days)"),
        ("mail.example.org", 5, "Some CA", "warning", "(4 days)"),
        ("mail.example.org", -2, "Some CA", "problem", "has expired"),
        ("other.example.org", 90, "Some CA", "warning", "is for other.example.org"),
        ("mail.example.org", 90, "", "warning", "signs itself"),
    ],
)
def test_certificates(name: str, days: float, issuer: str, state: str, found: str) -> None:
    finding = carried.certificate("imap tls", "mail.example.org", _certificate(name, days, issuer)[1], "Renew it")
    assert finding.state == state and found in finding.found and finding.mend == "Renew it"


def test_a_relay_on_this_machine_needs_no_tls(settings: Settings) -> None:
    with _relay(Sink()) as place:
        settings.SMTP_URL = f"smtp://{place}"
        found, name = carried.relay(_domains())
    assert name == "relay.example.org" and _states(found) == {"relay": "ok", "relay tls": "ok"}


@pytest.mark.parametrize(("query", "state"), [("", "warning"), ("?starttls=required", "problem")])
def test_a_relay_whose_certificate_is_not_trusted(settings: Settings, tmp_path: Path, query: str, state: str) -> None:
    pem = tmp_path / "relay.pem"
    pem.write_bytes(_certificate("relay.example.org", 90)[0])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    with _relay(Sink(), tls_context=context) as place:
        settings.SMTP_URL = f"smtp://{place}{query}"
        found, _ = carried.relay(_domains())
    assert _states(found) == {"relay": "ok", "relay tls": state} and "not trusted" in found[1].found


def test_no_relay_and_one_that_is_away(settings: Settings) -> None:
    settings.SMTP_URL = ""
    assert _states(carried.relay(_domains())[0]) == {"relay": "warning"}
    assert carried.comes_round(_domains(), 1).state == "problem"
    settings.SMTP_URL = "smtp://user:secret@127.0.0.1:1"
    (away,), _ = carried.relay(_domains())
    round = carried.comes_round(_domains(), 1)
    assert away.state == round.state == "problem" and "secret" not in repr((away, round))


class _Round(Sink):
    """A relay that hands what it takes straight back to us, as `change` leaves it."""

    def __init__(self, change: Any) -> None:
        super().__init__()
        self.change = change

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        one: Taken = self.taken[-1]
        raw, sender = self.change(one)
        threading.Thread(target=inwards.take_in, args=(raw,), kwargs={"recipient": one.to, "sender": sender}).start()
        return answer


def _report(one: Taken) -> tuple[bytes, str]:
    raw = (
        "From: MAILER-DAEMON@relay.example.org\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {one.to}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 no such user here\r\n\r\n--x--\r\n"
    )
    return raw.encode(), ""


@pytest.mark.parametrize(
    ("change", "state", "found"),
    [
        (lambda one: (b"Received: by x\r\n" + one.raw, one.sender), "ok", "its signature intact"),
        (lambda one: (one.raw + b"A footer\r\n", one.sender), "warning", "changed on its way"),
        (lambda one: (one.raw.partition(b"\r\n\r\n")[2], one.sender), "warning", "changed on its way"),
        (_report, "problem", "given back: 550 no such user here"),
    ],
)
def test_a_mail_comes_round(settings: Settings, change: Any, state: str, found: str) -> None:
    with _relay(_Round(change)) as place:
        settings.SMTP_URL = f"smtp://{place}"
        finding = carried.comes_round(_domains(), 10)
    assert (finding.check, finding.state) == ("loop", state) and found in finding.found


def test_a_mail_that_is_lost(settings: Settings) -> None:
    with _relay(sink := Sink()) as place:
        settings.SMTP_URL = f"smtp://{place}"
        finding = carried.comes_round(_domains(), 0.3)
    assert finding.state == "problem" and sink.taken[0].to in finding.mend


@pytest.mark.django_db
def test_an_address_that_only_looks_like_a_test_is_nobodys() -> None:
    for address in (f"loop+t{'a' * 16}@{ORG}", f"loop+tshort@{ORG}", f"loop@{ORG}"):
        assert not loop.awaits(address)
        refused = inwards.check(address)
        assert refused is not None and refused.code == 550
