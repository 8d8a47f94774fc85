"""What DNS has to have for the mail of this installation: the records to publish, as lines of a zone file."""

from __future__ import annotations

from dataclasses import dataclass

from channels_app.guests.sending import signing
from workspace.operate.doctor.domains import Domains, organizational

STRING_OCTETS = 255  # of a TXT record's strings (RFC 1035, 3.3)


@dataclass(frozen=True, slots=True)
class Record:
    """`name` without a dot at the end; `value` as DNS means it, without the quotes of a zone file."""

    name: str
    type: str
    value: str

    @property
    def line(self) -> str:
        value = _quoted(self.value) if self.type == "TXT" else self.value
        return f"{self.name}. IN {self.type} {value}"


def _quoted(text: str) -> str:
    pieces = [text[at : at + STRING_OCTETS] for at in range(0, len(text), STRING_OCTETS)]
    return " ".join(f'"{piece}"' for piece in pieces)


def wanted(domains: Domains) -> list[Record]:
    """All of them, in whose absence nothing comes first. One wildcard serves every organization, those to come too.

    Raises `TryLater` when there is no key to sign with.
    """
    every = f"*.{domains.mail}"
    return [mx(domains, every), spf(domains, every), dkim(), dmarc(domains, every)]


def mx(domains: Domains, domain: str) -> Record:
    return Record(domains.place(domain), "MX", f"10 {domains.mail_server}.")


def spf(domains: Domains, domain: str) -> Record:
    """Softly: what a guest's provider forwards comes from elsewhere, and there the signature speaks for it."""
    return Record(domains.place(domain), "TXT", f"v=spf1 {mechanism(domains)} ~all")


def mechanism(domains: Domains) -> str:
    """What an SPF record has to have for our relay."""
    if domains.sends_from:
        return " ".join(f"ip{6 if ':' in address else 4}:{address}" for address in domains.sends_from)
    return "mx" if domains.is_here or not domains.relay else f"a:{domains.relay}"


def dkim() -> Record:
    key = signing.key()
    return Record(key.name, "TXT", key.record)


def dmarc(domains: Domains, domain: str) -> Record:
    """The policy of a domain, where those look for it who do as RFC 7489 says and those who walk up the tree.

    A wildcard answers for `_dmarc.` below it, too. Beside an SPF record it does no harm: readers take what begins with
    the version they know.
    """
    place = domains.place(domain)
    if organizational(domains.mail) == domains.mail:
        place = f"_dmarc.{domains.mail}"
    elif not place.startswith("*."):
        place = f"_dmarc.{place}"
    return Record(place, "TXT", "v=DMARC1; p=quarantine")
