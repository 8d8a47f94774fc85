"""What DNS has for our mail, beside what it should have: MX, SPF, DKIM, DMARC, and the names of what sends."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import spf
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from channels_app.guests.sending import signing
from channels_app.mail.headers import from_base64
from workspace.events.lanes import TryLater
from workspace.operate.doctor import records
from workspace.operate.doctor.domains import Domains, organizational
from workspace.operate.doctor.finding import Finding, State
from workspace.operate.doctor.names import Names, Unanswered
from workspace.operate.doctor.records import Record

GOOD_BITS = 2048
POLICIES = ("none", "quarantine", "reject")


def mx(domain: str, domains: Domains) -> Finding:
    """Whether mail for a domain finds a server."""
    names, line = domains.names, records.mx(domains, domain).line
    servers = names.mail_servers(domain)
    if not servers:
        state: State = "warning" if domain == domains.mail else "problem"
        return Finding("mx", state, domain, "there is no MX record: mail for this domain does not come", line)
    if not servers[0][1]:
        return Finding("mx", "problem", domain, "the MX record says that no mail is taken (RFC 7505)", line)
    found = ", ".join(f"{preference} {host}" for preference, host in servers)
    for _, host in servers:
        if names.is_alias(host):
            why = f"{found}: {host} is an alias, which an MX record must not name (RFC 2181, 10.3)"
            return Finding("mx", "warning", domain, why, f"{host}. IN A THE.ADDRESS.OF.{host}")
        if not names.addresses(host):
            return Finding("mx", "problem", domain, f"{found}: {host} has no address", f"{host}. IN A ITS.ADDRESS")
    return Finding("mx", "ok", domain, found)


_temporary: Callable[[str], Exception] = spf.TempError
_permanent: Callable[[str], Exception] = spf.PermError


class _Query(spf.query):
    """pyspf, which decides as RFC 7208 does, with our resolver."""

    names: Names

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        try:
            found = self._look(str(name), qtype)
        except Unanswered as error:
            raise _temporary(str(error)) from None
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise _permanent(f"more than {spf.MAX_VOID_LOOKUPS} names have nothing")
        return found

    def _look(self, name: str, qtype: str) -> list[Any]:
        looks: dict[str, Callable[[str], Iterable[Any]]] = {
            "TXT": lambda name: [(text.encode(),) for text in self.names.txt(name)],
            "MX": self.names.mail_servers,
            "A": self.names.ipv4,
            "AAAA": self.names.ipv6,
            "PTR": self.names.pointers,
        }
        return list(looks[qtype](name)) if qtype in looks else []


_query: Callable[..., Any] = _Query


def sender_policy(domain: str, domains: Domains) -> Finding:
    """SPF of an envelope sender's domain: whether it lets our relay send."""
    published = [text for text in domains.names.txt(domain) if text.split(" ")[0].lower() == "v=spf1"]
    line = records.spf(domains, domain).line
    if not published:
        return Finding("spf", "problem", domain, "there is no SPF record", line)
    if len(published) > 1:
        return Finding("spf", "problem", domain, f"there are {len(published)} SPF records; only one may be", line)
    (text,) = published
    if not domains.outgoing:
        return _unknown_sender(domain, text)
    results = {address: _result(address, domain, domains.names) for address in domains.outgoing}
    worst = max(results, key=lambda address: _RANK.index(results[address]))
    found = f"{text}; for {worst}: {results[worst]}"
    mended = replace(records.spf(domains, domain), value=_with(text, domains)).line
    if results[worst] == "pass":
        return Finding("spf", "ok", domain, found)
    return Finding("spf", "problem" if results[worst] in ("fail", "permerror") else "warning", domain, found, mended)


_RANK = ("pass", "none", "neutral", "softfail", "temperror", "permerror", "fail")


def _unknown_sender(domain: str, text: str) -> Finding:
    why = f"{text}; which address your mail is sent from can't be seen from here"
    return Finding("spf", "warning", domain, why, "python3 manage.py doctor --sends-from ITS.ADDRESS")


def _result(address: str, domain: str, names: Names) -> str:
    query = _query(i=address, s=f"roost@{domain}", h=domain)
    query.names = names
    result, _, _ = query.check()
    return str(result).lower()


def _with(text: str, domains: Domains) -> str:
    """The record that is there, and our relay in it."""
    words, ours = text.split(), records.mechanism(domains)
    if not domains.sends_from and domains.outgoing and domains.is_here:
        ours = " ".join(f"ip{ipaddress.ip_address(one).version}:{one}" for one in domains.outgoing)
    return " ".join([words[0], *(word for word in ours.split() if word not in words), *words[1:]])


def signing_key(domains: Domains) -> Finding:
    """Whether others can verify what we sign."""
    try:
        key = signing.key()
    except TryLater as trouble:
        return Finding("dkim", "problem", domains.mail, str(trouble), "DKIM_KEY=/path/to/an/RSA/key.pem")
    published, line = domains.names.txt(key.name), records.dkim().line
    if not published:
        return Finding("dkim", "problem", key.name, "there is no record of our key: nobody can verify our mail", line)
    if len(published) > 1:
        found = f"there are {len(published)} texts, of which verifiers take any"
        return Finding("dkim", "problem", key.name, found, line)
    tags = _tags(published[0])
    why = _wrong_key(tags, _tags(key.record)["p"])
    if why:
        return Finding("dkim", "problem", key.name, why, line)
    if "y" in tags.get("t", "").split(":"):
        return Finding("dkim", "warning", key.name, "the record says that this is only a test (t=y)", line)
    bits = key.private.key_size
    if bits < GOOD_BITS:
        found = f"the key has {bits} bits; some verifiers want {GOOD_BITS}"
        return Finding("dkim", "warning", key.name, found, f"openssl genrsa -out key.pem {GOOD_BITS}")
    return Finding("dkim", "ok", key.name, f"our key, {bits} bits")


def _wrong_key(tags: dict[str, str], ours: str) -> str:
    if tags.get("v", "DKIM1") != "DKIM1":
        return "this is no DKIM record"
    if not tags.get("p"):
        return "the record takes the key back (p= is empty)"
    if tags["p"] != ours:
        return f"the record has another key ({_described(tags['p'])})"
    if tags.get("k", "rsa") != "rsa" or "sha256" not in tags.get("h", "sha256").split(":"):
        return "the record does not allow rsa-sha256"
    if not {"*", "email"} & set(tags.get("s", "*").split(":")):
        return f"the record is not for mail (s={tags['s']})"
    return ""


def _described(key: str) -> str:
    try:
        found = load_der_public_key(from_base64(key.encode()))
    except (ValueError, UnsupportedAlgorithm):
        return "or a part of one: long texts have to be split into strings"
    return f"RSA, {found.key_size} bits" if isinstance(found, RSAPublicKey) else type(found).__name__


def policy(domain: str, domains: Domains) -> Finding:
    """DMARC of From's domain: that there is one, and that it takes our signature for its own."""
    line = records.dmarc(domains, domain).line
    above = organizational(domain)
    for place in dict.fromkeys((domain, above)):
        texts = [text for text in domains.names.txt(f"_dmarc.{place}") if _tags(text).get("v") == "DMARC1"]
        if len(texts) > 1:
            found = f"there are {len(texts)} DMARC records, so none counts"
            return Finding("dmarc", "problem", f"_dmarc.{place}", found, line)
        if texts:
            return _policy(domain, place, texts[0], records.dmarc(domains, domain))
    found = "there is no DMARC record: big providers want one, and nobody refuses what is forged"
    return Finding("dmarc", "warning", domain, found, line)


def _policy(domain: str, place: str, text: str, wanted: Record) -> Finding:
    tags, about = _tags(text), f"_dmarc.{place}"
    found = text if place == domain else f"{text} (it holds for {domain} too)"
    wish = tags.get("sp", tags.get("p", "")) if place != domain else tags.get("p", "")
    if wish.lower() not in POLICIES:
        return Finding("dmarc", "problem", about, f"{found}: this policy is none of {', '.join(POLICIES)}", wanted.line)
    if tags.get("adkim", "r").lower() == "s":
        why = f"{found}: adkim=s wants signatures of {domain} itself, and we sign for the domain above it"
        relaxed = "; ".join(part.strip() for part in text.split(";") if part.strip() and "adkim" not in part)
        mended = Record(about, "TXT", relaxed) if place == domain else wanted
        return Finding("dmarc", "problem", about, why, mended.line)
    if wish.lower() == "none":
        return Finding("dmarc", "warning", about, f"{found}: nobody refuses what is forged", wanted.line)
    return Finding("dmarc", "ok", about, found)


def _tags(text: str) -> dict[str, str]:
    """A list of tags (RFC 6376, 3.2), without the spaces in it."""
    parted = [part.partition("=") for part in text.split(";")]
    return {name.strip(): "".join(value.split()) for name, _, value in parted}


def sending_name(address: str, greeted: str, domains: Domains) -> Finding:
    """Whether what sends is called what it says (PTR and HELO): many providers refuse it else.

    `greeted` is how the relay calls itself, or empty.
    """
    names = domains.names
    hosts = names.hosts(address)
    if not hosts:
        reverse = ipaddress.ip_address(address).reverse_pointer
        line = f"{reverse}. IN PTR {greeted or domains.mail_server}."
        return Finding("ptr", "problem", address, "the address has no name: Gmail and others refuse its mail", line)
    agreeing = [host for host in hosts if address in names.addresses(host)]
    if not agreeing:
        return Finding("ptr", "problem", address, f"{hosts[0]} leads elsewhere", _leading(hosts[0], address))
    if greeted and greeted not in agreeing and address not in names.addresses(greeted):
        why = f"it is {agreeing[0]}, but says HELO {greeted}, which leads elsewhere"
        return Finding("ptr", "warning", address, why, f"myhostname = {agreeing[0]} (main.cf of Postfix)")
    return Finding("ptr", "ok", address, f"{agreeing[0]}{f', HELO {greeted}' if greeted else ''}")


def _leading(host: str, address: str) -> str:
    return Record(host, "AAAA" if ":" in address else "A", address).line
