"""All that the doctor looks at in the mail of this installation, what does not depend on each other side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.conf import settings

from workspace.operate.doctor import carried, published
from workspace.operate.doctor.domains import Domains
from workspace.operate.doctor.finding import Finding
from workspace.operate.doctor.names import Names, Unanswered
from workspace.people.models import Organization

MOST_ORGS = 10
AT_ONCE = 8
RESOLVER_LINE = "nameserver ITS.ADDRESS (/etc/resolv.conf), or python3 manage.py doctor --dns-server 9.9.9.9"


def domains_of(names: Names, sends_from: Sequence[str] = ()) -> Domains:
    """The installation's; of many organizations the first ones, as one is much like another."""
    slugs = Organization.objects.order_by("created_at").values_list("slug", flat=True)[:MOST_ORGS]
    mail = settings.MAIL_DOMAIN.lower()
    return Domains(mail, [f"{slug}.{mail}" for slug in slugs], names, sends_from)


def examine(domains: Domains, *, loop_seconds: float = 0.0) -> list[Finding]:
    """Everything; the test mail only when it is given time."""
    relay, greeted = carried.relay(domains)
    found = [*relay, *carried.imap(), *_dns(domains, greeted)]
    if loop_seconds:
        found.append(carried.comes_round(domains, loop_seconds))
    return found


def _dns(domains: Domains, greeted: str) -> list[Finding]:
    if not domains.is_public:
        why = "only this machine knows this name: mail can't come from elsewhere, or be believed there"
        return [Finding("domain", "warning", domains.mail, why, "MAIL_DOMAIN=chat.example.org")]
    try:
        domains.names.answer()
    except Unanswered as error:
        return [Finding("dns", "problem", domains.mail, f"no DNS at all: {error}", RESOLVER_LINE)]
    checks: list[tuple[str, str, Callable[[], Finding]]] = [
        *(("mx", one, partial(published.mx, one, domains)) for one in (*domains.orgs, domains.mail)),
        *(("spf", one, partial(published.sender_policy, one, domains)) for one in domains.orgs),
        ("dkim", domains.mail, partial(published.signing_key, domains)),
        *(("dmarc", one, partial(published.policy, one, domains)) for one in domains.orgs),
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda check: _answered(*check), checks))
    return [*found, *_senders(domains, greeted)]


def _senders(domains: Domains, greeted: str) -> list[Finding]:
    try:
        outgoing = domains.outgoing
    except Unanswered as error:
        return [_unanswered("ptr", domains.relay, error)]
    return [
        _answered("ptr", one, partial(published.sending_name, one, "" if domains.sends_from else greeted, domains))
        for one in outgoing
    ]


def _answered(name: str, about: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except Unanswered as error:
        return _unanswered(name, about, error)


def _unanswered(name: str, about: str, error: Unanswered) -> Finding:
    return Finding(name, "problem", about, f"DNS gives no answer: {error}", "Ask again later, or mend its name servers")
