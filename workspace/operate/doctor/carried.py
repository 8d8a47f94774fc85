"""The servers that carry our mail: whether they answer, by TLS that can be trusted, and whether mail comes round."""

from __future__ import annotations

import socket
import ssl
import time
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.extensions import ExtensionNotFound
from django.conf import settings

from channels_app.guests import loop
from channels_app.guests.sending import greeting
from channels_app.guests.sending.greeting import Greeting
from workspace.operate import paths
from workspace.operate.doctor.domains import Domains
from workspace.operate.doctor.finding import Finding, State

RENEW_DAYS = 14
LOOK_SECONDS = 0.2
RELAY_LINE = "SMTP_URL=smtp://user:password@relay.example.org:587"


def relay(domains: Domains) -> tuple[list[Finding], str]:
    """What is to say of the server that takes our mail, and how it calls itself (or nothing)."""
    if not domains.relay:
        found = "SMTP_URL is not set: what guests are to get waits"
        return [Finding("relay", "warning", domains.mail, found, RELAY_LINE)], ""
    try:
        greeted = greeting.greet()
    except ConnectionError as error:
        line = f"SMTP_URL={settings.SMTP_URL.partition('://')[0]}://…@{domains.relay}:PORT (look at its log, too)"
        return [Finding("relay", "problem", domains.relay, str(error), line)], ""
    return [Finding("relay", "ok", domains.relay, f"it is {greeted.name}"), _tls(domains, greeted)], greeted.name


def _tls(domains: Domains, greeted: Greeting) -> Finding:
    about, line = domains.relay, f"SMTP_URL=smtps://…@{domains.relay}:465 or …?starttls=required"
    if not greeted.certificate:
        if domains.is_here:
            return Finding("relay tls", "ok", about, "no TLS, and it is on this machine")
        state: State = "problem" if domains.is_providers else "warning"
        return Finding("relay tls", state, about, "mail (and the password, if there is one) goes without TLS", line)
    if greeted.doubt:
        must = domains.is_providers or settings.SMTP_URL.startswith("smtps:") or "required" in settings.SMTP_URL
        state = "problem" if must else "warning"
        line = f"A certificate for {domains.relay} that this machine trusts, or the name it is for in SMTP_URL"
        return Finding("relay tls", state, about, f"its certificate is not trusted: {greeted.doubt}", line)
    return certificate("relay tls", about, greeted.certificate, f"Renew the certificate of {about}")


def imap() -> list[Finding]:
    """The certificate by which mail programs reach our IMAP."""
    if not settings.IMAP_TLS:
        return []
    host, port = settings.IMAP_TLS.split()
    name = settings.IMAP_PUBLIC_HOST or host
    try:
        shown = _shown(host, int(port))
    except OSError as error:
        return [Finding("imap tls", "problem", f"{host}:{port}", str(error), "See mail/log/dovecot.log")]
    return [certificate("imap tls", name, shown, "IMAP_TLS_CERT=… IMAP_TLS_KEY=… (renewed), then SIGHUP for `up`")]


def certificate(check: str, name: str, shown: bytes, mend: str) -> Finding:
    """What a certificate (DER) is worth for a server of this name, and how long."""
    read = x509.load_der_x509_certificate(shown)
    days = (read.not_valid_after_utc - datetime.now(UTC)).days
    until = f"until {read.not_valid_after_utc:%Y-%m-%d} ({days} days)"
    if days < 0:
        return Finding(check, "problem", name, f"the certificate has expired: it was good {until}", mend)
    if read.not_valid_before_utc > datetime.now(UTC):
        return Finding(check, "problem", name, f"the certificate is not good before {read.not_valid_before_utc}", mend)
    if not _is_for(read, name):
        return Finding(check, "warning", name, f"the certificate is for {', '.join(_names(read)) or 'nobody'}", mend)
    if read.issuer == read.subject and not paths.is_loopback(name):
        return Finding(check, "warning", name, f"the certificate signs itself, {until}: mail programs warn of it", mend)
    return Finding(check, "warning" if days < RENEW_DAYS else "ok", name, f"a certificate {until}", mend)


def _is_for(read: x509.Certificate, name: str) -> bool:
    parent = name.lower().partition(".")[2]
    return bool({name.lower(), f"*.{parent}"} & set(_names(read)))


def _names(read: x509.Certificate) -> list[str]:
    try:
        found = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except ExtensionNotFound:
        return []
    hosts = [host.lower() for host in found.get_values_for_type(x509.DNSName)]
    return [*hosts, *map(str, found.get_values_for_type(x509.IPAddress))]


def _shown(host: str, port: int) -> bytes:
    """What a server shows to everybody, whether it is to be trusted or not."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((host, port), 5) as bare, context.wrap_socket(bare) as client:
        return client.getpeercert(binary_form=True) or b""


def comes_round(domains: Domains, seconds: float) -> Finding:
    """Send a mail to ourselves and wait for it."""
    if not domains.relay or not domains.orgs:
        what = "no organization has a mail address yet" if domains.relay else "SMTP_URL is not set"
        line = "python3 manage.py org_create NAME --owner EMAIL" if domains.relay else RELAY_LINE
        return Finding("loop", "problem", domains.mail, what, line)
    began = time.monotonic()
    try:
        address = loop.send(domains.orgs[0])
    except ConnectionError as error:
        return Finding("loop", "problem", domains.relay, f"the relay does not take it: {error}", RELAY_LINE)
    while (came := loop.arrival(address)) is None:
        if time.monotonic() - began > seconds:
            line = f"Look for {address} in your mail server's log; it has to hand it to lmtp:{settings.LMTP_LISTEN}"
            return Finding("loop", "problem", address, f"it is not back after {seconds:.0f} s", line)
        time.sleep(LOOK_SECONDS)
    if came.returned:
        line = f"Have mail for {address.rpartition('@')[2]} handed to lmtp:{settings.LMTP_LISTEN}"
        return Finding("loop", "problem", address, f"it was given back: {came.returned}", line)
    took = f"it was back after {time.monotonic() - began:.1f} s"
    if not came.intact:
        line = "Switch off whatever writes into mails on their way (footers, banners, scanners that tag subjects)"
        return Finding("loop", "warning", address, f"{took}, changed on its way: the signature no longer holds", line)
    said = f"; {came.vouched}" if came.vouched else ""
    return Finding("loop", "ok", address, f"{took}, its signature intact{said}")
