"""What comes of the checks: whether the owner of the domain in From sent a mail (DMARC, RFC 7489).

| what is found | verdict |
|---|---|
| From is not one mailbox at one domain, or the header is made to be read in two ways | fail |
| DKIM or SPF passes, aligned with From (as strictly as its DMARC record asks) | pass |
| a chain of trusted sealers (TRUSTED_ARC) says so of how it came to them | pass |
| DNS gives no answer for what would decide | none: try again |
| DMARC asks for "reject" or "quarantine" | fail |
| DMARC asks for nothing (p=none, or the mail is not among its pct) | doubtful |
| no DMARC; SPF fails for the domain in From, and nobody at all signed | fail |
| no DMARC; SPF fails or softfails for it, or it has signed, and the signature is broken | doubtful |
| none of these: the domain has nothing by which its mail could be known | unknown |

Of a mail that a relay hands over (CHECK_DKIM) only an aligned signature is told: "pass", else "unknown". What SPF said
to the relay is not known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from channels_app.guests.receiving.checks import chains, senders, signatures
from channels_app.guests.receiving.checks.resolving import Bounded, Lookup, Unresolved
from channels_app.guests.receiving.checks.senders import Client
from channels_app.mail import Limits
from channels_app.mail.addresses import has_group, read_addresses
from channels_app.mail.authres import Result, Vouched
from channels_app.mail.dmarc import Policy, Wish, read_policy
from channels_app.mail.domains import aligned, ascii_domain, organizational
from channels_app.mail.headers import Headers, read_headers

# What makes of one header two, depending on who reads it.
_AMBIGUOUS = ("header too long", "too many headers", "no headers")
LONGEST_FROM = 2000
MOST_HOPS = 100  # RFC 5321, 6.3


@dataclass(frozen=True, slots=True)
class Checked:
    """What we found out: the verdict, what it rests on, and of a "fail" why, in words for its sender.

    `direct`: by the very connection of who sent it, so that a refusal reaches them and nobody else.
    """

    vouched: Vouched
    results: tuple[Result, ...] = ()
    why: str = ""
    direct: bool = False


def check(raw: bytes, *, sender: str, client: Client | None, trusted: Collection[str], lookup: Lookup) -> Checked:
    """Check a mail that `client` handed over with this envelope sender (empty for the null sender).

    Without a client it came by a relay. `trusted` are the domains whose ARC seals count. Raises `Unresolved`.
    """
    headers, body = read_headers(raw, 0, len(raw), Limits())
    if client is None:
        return _relayed(raw, headers, body, Bounded(lookup))
    why = _unfit(raw, headers, body)
    if why:
        return Checked("fail", (), why, direct=True)
    return _Case(raw, headers, body, sender, client, trusted, Bounded(lookup)).decide()


def _relayed(raw: bytes, headers: Headers, body: int, lookup: Lookup) -> Checked:
    if _unfit(raw, headers, body):
        return Checked("unknown")
    domain = _domain(headers)
    found = signatures.check(_signed(raw, headers, body), domain, lookup)
    near = [one for one in found if aligned(one.properties.get("header.d", ""), domain)]
    if any(one.result == "pass" for one in near):
        return Checked("pass", found)
    if any(one.result == "temperror" for one in near):
        raise Unresolved(f"the key of a signature of {domain}")
    return Checked("unknown", found)


def _unfit(raw: bytes, headers: Headers, body: int) -> str:
    """Why nobody can say who wrote a mail; empty for one of good form."""
    writer = headers.get("from")
    is_one = "from" not in headers.repeated and len(writer) <= LONGEST_FROM and len(read_addresses(writer, 2)) == 1
    if not is_one or has_group(writer):
        return "A mail has to have exactly one address in From."
    if any(defect.startswith(_AMBIGUOUS) for defect in headers.defects) or b"\0" in raw[:body]:
        return "The header of this mail is too long, or broken."
    if sum(name.lower() == "received" for name, _ in headers.order) > MOST_HOPS:
        return "This mail goes round in circles."
    return ""


def _domain(headers: Headers) -> str:
    return ascii_domain(read_addresses(headers.get("from"), 1)[0].email)


def _signed(raw: bytes, headers: Headers, body: int) -> signatures.Signed:
    return signatures.read(raw, body, [name.lower() for name, _ in headers.order])


class _Case:
    """One mail from the internet."""

    def __init__(
        self,
        raw: bytes,
        headers: Headers,
        body: int,
        sender: str,
        client: Client,
        trusted: Collection[str],
        lookup: Lookup,
    ) -> None:
        self.mail = _signed(raw, headers, body)
        self.domain = _domain(headers)
        self.client, self.sender, self.trusted, self.lookup = client, sender, trusted, lookup
        self.results: list[Result] = []

    def decide(self) -> Checked:
        if not self.domain:
            return self._checked("doubtful")
        policy, below = self._policy()
        spf = senders.check(self.client, self.sender, self.lookup)
        dkim = signatures.check(self.mail, self.domain, self.lookup)
        self.results = [spf, *dkim]
        if self._is_proven(spf, dkim, policy):
            return self._checked("pass", "pass" if policy else "none")
        chain = chains.check(self.mail, self.domain, self.trusted, self.lookup)
        self.results += [chain.result] if chain.result else []
        if chain.vouched == "pass":
            return self._checked("pass", "fail" if policy else "none")
        self._must_be_resolved()
        if policy is None:
            return self._without_policy(spf, dkim)
        return self._by_policy(policy.asks(below=below, lot=self._lot()), spf, dkim)

    def _policy(self) -> tuple[Policy | None, bool]:
        """The policy, and whether it is that of a domain above (RFC 7489, 6.6.3)."""
        policy = read_policy(self.lookup(f"_dmarc.{self.domain}", "TXT"))
        above = organizational(self.domain)
        if policy is not None or above in ("", self.domain):
            return policy, False
        return read_policy(self.lookup(f"_dmarc.{above}", "TXT")), True

    def _is_proven(self, spf: Result, dkim: Sequence[Result], policy: Policy | None) -> bool:
        strict_dkim, strict_spf = (policy.strict_dkim, policy.strict_spf) if policy else (False, False)
        if spf.result == "pass" and aligned(_about(spf), self.domain, strict=strict_spf):
            return True
        return any(one.result == "pass" and aligned(_about(one), self.domain, strict=strict_dkim) for one in dkim)

    def _must_be_resolved(self) -> None:
        """Raises `Unresolved` when something that could have proven the mail was not to be had."""
        for one in self.results:
            if one.result == "temperror" and (one.method == "arc" or aligned(_about(one), self.domain)):
                raise Unresolved(f"{one.method} of {self.domain}")

    def _without_policy(self, spf: Result, dkim: Sequence[Result]) -> Checked:
        mine = aligned(_about(spf), self.domain)
        if mine and spf.result == "fail" and not any(one.result in ("pass", "neutral") for one in dkim):
            if any(one.result == "temperror" for one in dkim):
                raise Unresolved("the key of a signature")
            why = f"{self.client.address} may not send mail for {self.domain} (SPF), and nobody signed it (DKIM)."
            return self._checked("fail", "none", why)
        broken = any(one.result in ("fail", "permerror") and aligned(_about(one), self.domain) for one in dkim)
        doubtful = broken or (mine and spf.result in ("fail", "softfail"))
        return self._checked("doubtful" if doubtful else "unknown", "none")

    def _by_policy(self, wish: Wish, spf: Result, dkim: Sequence[Result]) -> Checked:
        if wish == "none":
            return self._checked("doubtful", "fail")
        signed = ", ".join(sorted({one.result for one in dkim})) or "none"
        why = (
            f"{self.domain} asks not to take mail in its name that it did not send (DMARC, p={wish}), "
            f"and nothing says that it sent this (SPF: {spf.result} for {_about(spf) or 'no domain'}; DKIM: {signed})."
        )
        return self._checked("fail", "fail", why)

    def _checked(self, vouched: Vouched, dmarc: str = "permerror", why: str = "") -> Checked:
        results = (*self.results, Result("dmarc", dmarc, {"header.from": self.domain}))
        return Checked(vouched, results, why, direct=True)

    def _lot(self) -> int:
        """The same for a mail whenever it comes again."""
        return blake2b(self.mail.raw, digest_size=4).digest()[0] * 100 // 256


def _about(one: Result) -> str:
    """The domain that a result of SPF or DKIM is about."""
    names = ("header.d", "smtp.mailfrom", "smtp.helo")
    return next((one.properties[name] for name in names if name in one.properties), "")
