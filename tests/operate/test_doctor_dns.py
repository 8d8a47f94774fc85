"""What the doctor says of DNS: by a name server with the zones of acme's installation, which somebody got wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from channels_app.guests.sending import signing
from channels_app.mail import dkim
from tests.operate.nameserver import NameServer, running_nameserver
from workspace.operate.doctor import examination, published, records
from workspace.operate.doctor.domains import Domains, organizational
from workspace.operate.doctor.finding import Finding
from workspace.operate.doctor.names import Names, Unanswered
from workspace.operate.doctor.records import Record

MAIL, ACME = "chat.example.org", "acme.chat.example.org"
RELAY = ("relay.example.org. IN A 8.8.4.4", "4.4.8.8.in-addr.arpa. IN PTR relay.example.org.")


@pytest.fixture
def dns() -> Iterator[NameServer]:
    with running_nameserver() as server:
        yield server


@pytest.fixture(autouse=True)
def _installation(settings: Settings) -> None:
    settings.MAIL_DOMAIN, settings.SMTP_URL, settings.TRUSTED_AUTHSERV = MAIL, "smtp://relay.example.org", []
    settings.IMAP_TLS = ""


def _domains(dns: NameServer, seconds: float = 4.0, **more: Any) -> Domains:
    return Domains(MAIL, [ACME], Names([dns.address], seconds=seconds), **more)


def _said(finding: Finding) -> tuple[str, str]:
    return finding.state, finding.mend


def _txt(name: str, *texts: str) -> str:
    return "\n".join(Record(name, "TXT", text).line for text in texts)


def test_what_is_to_be_published_makes_everything_well(dns: NameServer) -> None:
    dns.has(*RELAY)
    for record in records.wanted(_domains(dns)):
        dns.has(record.line)
    dns.has(f"mail.{MAIL}. IN A 8.8.4.5", f"{MAIL}. IN MX 10 mail.{MAIL}.")
    found = [one for one in examination.examine(_domains(dns)) if not one.check.startswith("relay")]
    assert {one.check for one in found} == {"mx", "spf", "dkim", "dmarc", "ptr"}
    assert [one for one in found if one.state != "ok"] == []


def test_an_empty_zone_is_told_each_record(dns: NameServer) -> None:
    found = examination.examine(_domains(dns))
    told = {(one.check, one.about): _said(one) for one in found}
    assert told["mx", ACME] == ("problem", f"*.{MAIL}. IN MX 10 mail.{MAIL}.")
    assert told["mx", MAIL] == ("warning", f"{MAIL}. IN MX 10 mail.{MAIL}.")
    assert told["spf", ACME] == ("problem", f'*.{MAIL}. IN TXT "v=spf1 a:relay.example.org ~all"')
    assert told["dkim", f"roost._domainkey.{MAIL}"] == ("problem", records.dkim().line)
    assert told["dmarc", ACME] == ("warning", f'*.{MAIL}. IN TXT "v=DMARC1; p=quarantine"')


def test_a_record_of_a_long_text_comes_back_whole(dns: NameServer) -> None:
    line = records.dkim().line
    assert all(len(piece) <= 255 for piece in line.split('"')[1::2]) and line.count('"') == 4
    dns.has(line)
    key = signing.key()
    assert Names([dns.address]).txt(key.name) == [key.record]


@pytest.mark.parametrize(
    ("zone", "state", "found", "mend"),
    [
        ("{acme} MX 10 a.test.\na.test. A 8.8.4.4", "ok", "10 a.test", ""),
        ("{acme} MX 20 b.test.\n{acme} MX 10 a.test.\na.test. A 8.8.4.4\nb.test. A 8.8.4.5", "ok", "10 a.test, 20", ""),
        ("{acme} MX 0 .", "problem", "no mail is taken", "MX 10 mail."),
        ("{acme} MX 10 a.test.", "problem", "a.test has no address", "a.test. IN A "),
        ("{acme} MX 10 a.test.\na.test. CNAME b.test.\nb.test. A 8.8.4.4", "warning", "alias", "a.test. IN A "),
        ("{acme} A 8.8.4.4", "problem", "no MX record", "acme.chat.example.org. IN MX 10 mail."),
        ("*.{mail} MX 10 a.test.\na.test. A 8.8.4.4\n{acme} A 8.8.4.4", "problem", "no MX", "acme.chat.example.org."),
    ],
)  # fmt: skip
def test_mx(dns: NameServer, zone: str, state: str, found: str, mend: str) -> None:
    dns.has(zone.format(acme=f"{ACME}.", mail=f"{MAIL}."))
    finding = published.mx(ACME, _domains(dns))
    assert (finding.state, finding.check) == (state, "mx") and found in finding.found
    assert finding.mend.startswith(mend) or mend in finding.mend


@pytest.mark.parametrize(
    ("texts", "state", "found", "mend"),
    [
        (["v=spf1 ip4:8.8.4.0/24 -all"], "ok", "for 8.8.4.4: pass", ""),
        (["hello", "v=spf1 a:relay.example.org -all"], "ok", "pass", ""),
        (["v=spf1 include:spf.test -all"], "ok", "pass", ""),
        (["v=spf1 mx -all"], "problem", "fail", '"v=spf1 a:relay.example.org mx -all"'),
        (["v=spf1 ip4:9.9.9.9 ~all"], "warning", "softfail", '"v=spf1 a:relay.example.org ip4:9.9.9.9 ~all"'),
        (["v=spf1 nonsense:x -all"], "problem", "permerror", "a:relay.example.org"),
        (["v=spf1 include:broken.test -all"], "warning", "temperror", ""),
        (["v=spf1 a -all", "v=spf1 mx -all"], "problem", "2 SPF records", "v=spf1"),
        (["v=spf10 a"], "problem", "no SPF record", "v=spf1"),
    ],
)
def test_spf(dns: NameServer, texts: list[str], state: str, found: str, mend: str) -> None:
    dns.has(*RELAY, _txt("spf.test", "v=spf1 ip4:8.8.4.4 -all"), _txt(ACME, *texts))
    dns.broken.add("broken.test")
    finding = published.sender_policy(ACME, _domains(dns))
    assert finding.state == state and found in finding.found and mend in finding.mend


def test_spf_of_what_an_admin_says(dns: NameServer, settings: Settings) -> None:
    settings.SMTP_URL = "smtps://user:secret@relay.example.org"
    dns.has(*RELAY, _txt(ACME, "v=spf1 ip4:8.8.8.8 -all"))
    unknown = published.sender_policy(ACME, _domains(dns))
    assert unknown.state == "warning" and "--sends-from" in unknown.mend
    assert published.sender_policy(ACME, _domains(dns, sends_from=["8.8.8.8"])).state == "ok"
    wrong = published.sender_policy(ACME, _domains(dns, sends_from=["8.8.8.8", "2001:4860::1"]))
    assert _said(wrong) == (
        "problem", f'{ACME}. IN TXT "v=spf1 ip6:2001:4860::1 ip4:8.8.8.8 -all"'
    )  # fmt: skip


OTHER = dkim.read_key(dkim.new_key(), selector="roost", domain=MAIL).record


@pytest.mark.parametrize(
    ("change", "state", "found"),
    [
        (lambda own: [own], "ok", "our key, 2048 bits"),
        (lambda own: [own.replace("v=DKIM1; ", "").replace("p=", "p= ")], "ok", "our key"),
        (lambda own: [own + "; h=sha256; s=email; t=s"], "ok", "our key"),
        (lambda own: [OTHER], "problem", "another key (RSA, 2048 bits)"),
        (lambda own: [own[:255]], "problem", "a part of one"),
        (lambda own: ["v=DKIM1; p="], "problem", "takes the key back"),
        (lambda own: ["v=DKIM1"], "problem", "takes the key back"),
        (lambda own: ["v=spf1 -all"], "problem", "no DKIM record"),
        (lambda own: [own + "; h=sha1"], "problem", "rsa-sha256"),
        (lambda own: [own + "; s=tlsrpt"], "problem", "not for mail"),
        (lambda own: [own + "; t=y:s"], "warning", "a test"),
        (lambda own: [own, OTHER], "problem", "2 texts"),
    ],
)
def test_dkim(dns: NameServer, change: Any, state: str, found: str) -> None:
    key = signing.key()
    dns.has(_txt(key.name, *change(key.record)))
    finding = published.signing_key(_domains(dns))
    assert finding.state == state and found in finding.found
    if state == "problem":
        assert finding.mend == records.dkim().line


def test_dkim_without_a_key(dns: NameServer, settings: Settings) -> None:
    settings.DKIM_SELECTOR = "no selector"
    finding = published.signing_key(_domains(dns))
    assert finding.state == "problem" and "no name for DNS" in finding.found


@pytest.mark.parametrize(
    ("place", "texts", "state", "found", "mend"),
    [
        (ACME, ["v=DMARC1; p=reject"], "ok", "p=reject", ""),
        (ACME, ["other", "v=DMARC1;p=quarantine; adkim=r"], "ok", "", ""),
        ("example.org", ["v=DMARC1; p=none; sp=reject"], "ok", f"holds for {ACME}", ""),
        (ACME, ["v=DMARC1; p=none"], "warning", "nobody refuses", "p=quarantine"),
        ("example.org", ["v=DMARC1; p=reject; sp=none"], "warning", "nobody refuses", f"*.{MAIL}. IN TXT"),
        (ACME, ["v=DMARC1; p=sometimes"], "problem", "none of", "p=quarantine"),
        (ACME, ["v=DMARC1; p=reject", "v=DMARC1; p=none"], "problem", "2 DMARC records", "p=quarantine"),
        (ACME, ["v=DMARC1; p=reject; adkim=s; rua=mailto:a@b.test"], "problem", "adkim=s",
         f'_dmarc.{ACME}. IN TXT "v=DMARC1; p=reject; rua=mailto:a@b.test"'),
        ("example.org", ["v=DMARC1; p=reject; adkim=s"], "problem", "adkim=s",
         f'*.{MAIL}. IN TXT "v=DMARC1; p=quarantine"'),
    ],
)  # fmt: skip
def test_dmarc(dns: NameServer, place: str, texts: list[str], state: str, found: str, mend: str) -> None:
    dns.has(_txt(f"_dmarc.{place}", *texts))
    finding = published.policy(ACME, _domains(dns))
    assert finding.state == state and found in finding.found and mend in finding.mend


def test_the_registered_domain_itself_has_its_policy_in_the_usual_place(dns: NameServer) -> None:
    own = Domains("example.org", ["acme.example.org"], Names([dns.address]))
    assert records.dmarc(own, "acme.example.org").name == "_dmarc.example.org"
    assert organizational("a.b.example.co.uk") == "example.co.uk"


@pytest.mark.parametrize(
    ("zone", "greeted", "state", "found", "mend"),
    [
        (RELAY, "relay.example.org", "ok", "HELO relay.example.org", ""),
        (RELAY, "", "ok", "relay.example.org", ""),
        ((*RELAY, "mx.example.org. A 8.8.4.4"), "mx.example.org", "ok", "HELO mx", ""),
        (RELAY, "localhost.localdomain", "warning", "says HELO localhost", "myhostname = relay.example.org"),
        ((), "relay.example.org", "problem", "no name", "4.4.8.8.in-addr.arpa. IN PTR relay.example.org."),
        (RELAY[1:], "relay.example.org", "problem", "leads elsewhere", "relay.example.org. IN A 8.8.4.4"),
    ],
)
def test_the_name_of_what_sends(
    dns: NameServer, zone: tuple[str, ...], greeted: str, state: str, found: str, mend: str
) -> None:
    dns.has(*zone)
    finding = published.sending_name("8.8.4.4", greeted, _domains(dns))
    assert finding.state == state and found in finding.found and finding.mend.startswith(mend)


def test_no_dns_at_all_is_one_line(dns: NameServer) -> None:
    dns.silent.add(".")
    began = time.monotonic()
    found = [one for one in examination.examine(_domains(dns, 0.5)) if not one.check.startswith("relay")]
    assert [(one.check, one.state) for one in found] == [("dns", "problem")] and "nobody answers" in found[0].found
    assert "--dns-server" in found[0].mend and time.monotonic() - began < 15


def test_a_name_that_is_not_answered_is_one_finding(dns: NameServer) -> None:
    dns.broken.add(ACME)
    dns.silent.add(f"_dmarc.{ACME}")
    found = {(one.check, one.about): one for one in examination.examine(_domains(dns, 1.5))}
    for key in (("mx", ACME), ("spf", ACME), ("dmarc", ACME)):
        assert found[key].state == "problem" and "DNS gives no answer" in found[key].found
    assert found["mx", MAIL].state == "warning"


def test_a_name_that_nobody_else_knows_is_not_looked_up(settings: Settings) -> None:
    for name in ("roost.localhost", "intranet", "chat.local"):
        domains = Domains(name, [], Names(["127.0.0.1:1"]))
        (found,) = [one for one in examination.examine(domains) if not one.check.startswith("relay")]
        assert (found.check, found.state, found.mend) == ("domain", "warning", "MAIL_DOMAIN=chat.example.org")


def test_name_servers_are_given_by_address() -> None:
    with pytest.raises(Unanswered, match=r"nobody answers|can't say"):
        Names(["127.0.0.1:1"], seconds=0.3).answer()
    with pytest.raises(ValueError):
        Names(["dns.example.org"])
    for given in ("[::1]:53", "[::1]", "::1", "9.9.9.9"):
        Names([given])
