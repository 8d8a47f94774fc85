"""Whether each part answers, and how far the lanes are behind."""

from __future__ import annotations

import dataclasses
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from celery.app import app_or_default
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from channels_app.files import storage
from channels_app.letters.models import Quarantined
from workspace.events import lanes
from workspace.events.log import stamp
from workspace.operate import paths

WORKER_TRIES = 3
MOST_KEPT = 10  # the last ones


@dataclass(frozen=True, slots=True)
class Check:
    """A part: whether it answers, how long that took (ms), and what to do when it does not."""

    part: str
    ok: bool
    ms: float
    why: str = ""
    mend: str = ""


def checks() -> list[Check]:
    """Ask every part once."""
    return [
        _check("postgres", _postgres, "See the log postgres.log in the data directory, or DATABASE_URL."),
        _check("valkey", _valkey, "See valkey.log, or REDIS_URL."),
        _check("imap", _imap, "See mail/log/dovecot.log, or IMAP_URL. Channels go on meanwhile; lanes catch up."),
        _check("web", _web, "See web-0.log, or ROOST_URL."),
        _check("worker", _worker, "See worker.log, or BROKER_URL. What waits in the lanes is carried later."),
        *([_check("bell", _bell, "See watcher.log. Dovecot keeps what happened in mail/bells.")] if _own() else []),
        *([_check("mail in", _lmtp, "See gateway.log, LMTP_LISTEN.")] if settings.LMTP_LISTEN else []),
        *([_check("mx", _mx, "See gateway.log, SMTP_LISTEN.")] if settings.SMTP_LISTEN else []),
        *([_check("mail out", _smtp, "See SMTP_URL. Guests' mail waits in their lanes.")] if _guests() else []),
        *(
            [_check("imaps", _imaps, "See mail/log/dovecot.log, IMAP_TLS_CERT, --imap-host.")]
            if settings.IMAP_TLS
            else []
        ),
    ]


def report() -> dict[str, Any]:
    """All checks, the lanes that are behind, and mails in quarantine (none can be read while the database is away)."""
    made = checks()
    is_there = made[0].ok
    behind = [dataclasses.asdict(lag) for lag in lanes.lags()] if is_there else []
    held = Quarantined.objects.filter(settled_at=None).order_by("-id")
    kept = [_kept(row) for row in held[:MOST_KEPT]] if is_there else []
    parts = [dataclasses.asdict(check) for check in made]
    return {"ok": all(check.ok for check in made), "parts": parts, "lanes": behind, "quarantine": kept}


def _kept(row: Quarantined) -> dict[str, Any]:
    """A mail that was no post, and where its bytes are."""
    path = str(storage.path(row.key))
    return {"at": stamp(row.at), "stream": row.stream, "sender": row.sender, "why": row.why, "file": path}


def _check(part: str, ask: Callable[[], None], mend: str) -> Check:
    began = time.monotonic()
    try:
        ask()
    except Exception as error:
        return Check(part, False, _since(began), str(error)[:300] or type(error).__name__, mend)
    return Check(part, True, _since(began))


def _since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)


def _postgres() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _valkey() -> None:
    cache.set("health", "1", 10)
    if cache.get("health") != "1":
        raise RuntimeError("the cache forgets")


def _imap() -> None:
    url = urlsplit(settings.IMAP_URL)
    if not url.hostname:
        raise RuntimeError("no IMAP server is configured")
    with socket.create_connection((url.hostname, url.port or 143), 5) as client:
        client.settimeout(5)
        if url.scheme != "imaps" and not client.recv(64).startswith(b"* OK"):
            raise RuntimeError("this is no IMAP server")


def _imaps() -> None:
    """By TLS, as people's mail programs come; a certificate that has expired is no good."""
    host, port = settings.IMAP_TLS.split()
    chain = settings.DATA_DIR / "mail" / "tls" / "chain.pem"
    context = ssl.create_default_context(cafile=str(chain))
    context.check_hostname = False  # it is for the public name
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    with socket.create_connection((host, int(port)), 5) as bare, context.wrap_socket(bare) as client:
        if not client.recv(64).startswith(b"* OK"):
            raise RuntimeError("this is no IMAP server")


def _web() -> None:
    with urllib.request.urlopen(f"{settings.ROOST_URL}/api/v1/setup", timeout=5) as answer:
        if answer.status != 200:
            raise RuntimeError(f"it answers with {answer.status}")


def _worker() -> None:
    for _ in range(WORKER_TRIES):  # one that has just been started does not hear the first
        if app_or_default().control.ping(timeout=1.5, limit=1):
            return
    raise RuntimeError("no worker answers")


def _own() -> bool:
    return bool(settings.IMAP_BELL and settings.IMAP_BELL_URL)


def _guests() -> bool:
    """Whether anybody is to get mail."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM chat_seat)")
        return bool(cursor.fetchone()[0])


def _lmtp() -> None:
    host, _, port = settings.LMTP_LISTEN.rpartition(":")
    if host == "unix":
        client = socket.socket(socket.AF_UNIX)
        client.connect(port)
    else:
        client = socket.create_connection((host.strip("[]"), int(port)), 5)
    with client:
        client.settimeout(5)
        if not client.recv(64).startswith(b"220"):
            raise RuntimeError("this is no LMTP server")


def _mx() -> None:
    host, _, port = settings.SMTP_LISTEN.rpartition(":")
    with socket.create_connection((paths.seen_from_here(host.strip("[]")), int(port)), 5) as client:
        client.settimeout(5)
        if not client.recv(64).startswith(b"220"):
            raise RuntimeError("this is no SMTP server")


def _smtp() -> None:
    url = urlsplit(settings.SMTP_URL)
    if not url.hostname:
        raise RuntimeError("no server for outgoing mail is configured")
    secure = url.scheme == "smtps"
    with socket.create_connection((url.hostname, url.port or (465 if secure else 25)), 5) as client:
        client.settimeout(5)
        if not secure and not client.recv(64).startswith(b"220"):
            raise RuntimeError("this is no SMTP server")


def _bell() -> None:
    url = urlsplit(settings.IMAP_BELL_URL)
    with socket.create_connection((url.hostname or "", url.port or 80), 5):
        pass
