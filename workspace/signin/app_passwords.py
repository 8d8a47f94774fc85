"""App passwords for mail programs, published to our own Dovecot, each as a passwd-file of its own.

Each has a user name of its own that Dovecot maps to the person's one mailbox name (`user=`), so a person can take one
program's access away. Dovecot looks at a passwd-file at most once in each second of the clock, and at one that nobody
asked for yet at once: so a new app password works when it is shown. With a foreign IMAP server people use the account
they have there. Source: Dovecot, "Passwd-file", "Password database extra fields" and "Doveadm HTTP API".
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import re
import secrets
import time
import urllib.request
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from workspace.events.refusal import NotFound
from workspace.people.models import Person
from workspace.people.names import clean_name
from workspace.signin.models import AppPassword

log = logging.getLogger(__name__)

_PUBLISH_LOCK = 0x526F6F7374  # an advisory lock, so that who publishes last has read last
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_KICK_SECONDS = 5
_LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Login:
    """What a person types into a mail program; the password is shown once."""

    id: str
    name: str
    username: str
    password: str


def mailbox_name(person: Person) -> str:
    """The person's name at the IMAP server, as in its ACLs and as its bell names them."""
    if settings.IMAP_BELL:
        return f"{person.handle}@{person.org.slug}.{settings.MAIL_DOMAIN}"
    return person.email


def create(*, person: Person, name: str) -> Login:
    """A new app password."""
    password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(5))
    tag = "".join(secrets.choice(_ALPHABET) for _ in range(6))
    username = f"{person.handle}.{tag}@{person.org.slug}.{settings.MAIL_DOMAIN}"
    with transaction.atomic():
        row = AppPassword.objects.create(
            person=person, name=clean_name(name), username=username, scheme_hash=_ssha512(password)
        )
        transaction.on_commit(lambda: _publish({username}))
    return Login(row.id, row.name, username, password)


def delete(*, person: Person, id: str) -> None:
    """Take a mail program's access away, its open connections too. Raises `NotFound`."""
    with transaction.atomic():
        row = AppPassword.objects.select_for_update().filter(person=person, id=id).first()
        if row is None:
            raise NotFound("There is no such app password.")
        row.delete()
        transaction.on_commit(lambda: _take_away(person, {row.username}))


def publish(person: Person) -> None:
    """Let a person's app passwords hold just as long as the person is active."""
    names = set(AppPassword.objects.filter(person=person).values_list("username", flat=True))
    if Person.objects.active().filter(id=person.id).exists():
        _publish(names)
    else:
        _take_away(person, names)


def publish_all() -> None:
    """Publish everybody's, and nothing else: the database may have been restored, or be another one."""
    if settings.IMAP_BELL:
        there = {path.name for path in _folder().glob("*@*")}
        _publish(there | set(AppPassword.objects.values_list("username", flat=True)))


def _take_away(person: Person, usernames: Collection[str]) -> None:
    """Unpublish these, and end the person's connections; those of their other mail programs come back by themselves."""
    if not usernames or not settings.IMAP_BELL:
        return
    _publish(usernames)
    time.sleep(1.02 - time.time() % 1)  # until then Dovecot may take what it has read in this second for granted
    _end_connections(mailbox_name(person))


def _publish(usernames: Collection[str]) -> None:
    """Make the files of these app passwords what the database says now."""
    if not settings.IMAP_BELL:
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PUBLISH_LOCK])
        rows = AppPassword.objects.filter(username__in=usernames, person__active=True).select_related("person__org")
        known = {row.username: row for row in rows}
        for username in usernames:
            if username in known:
                _write(known[username])
            else:
                (_folder() / username).unlink(missing_ok=True)


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "mail" / "logins"


def _ssha512(password: str) -> str:
    salt = secrets.token_bytes(12)
    return "{SSHA512}" + base64.b64encode(hashlib.sha512(password.encode() + salt).digest() + salt).decode()


def _write(row: AppPassword) -> None:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{row.id}.new"
    fresh.touch(mode=0o600)
    fresh.write_text(f"{row.username}:{row.scheme_hash}::::::user={mailbox_name(row.person)}\n", encoding="utf-8")
    if os.geteuid() == 0:  # Dovecot runs as another user
        owner = folder.stat()
        os.chown(fresh, owner.st_uid, owner.st_gid)
    fresh.replace(folder / row.username)


def _end_connections(mailbox: str) -> None:
    """End everything this mailbox has open, and wait until it is: a kicked process still answers for a moment."""
    try:
        ending = _processes(mailbox)
        _administer("kick", mailbox)
        patience = time.monotonic() + _KICK_SECONDS
        while ending & _processes(mailbox):
            if time.monotonic() > patience:
                log.warning("some connections of %s are still open", mailbox)
                return
            time.sleep(_LOOK_SECONDS)
    except (OSError, ValueError) as error:  # then it is away, and its connections with it
        log.warning("the connections of %s could not be ended: %s", mailbox, error)


def _processes(mailbox: str) -> set[str]:
    """The processes that serve this mailbox now; 2.3 names them in `pids`, 2.4 in `pid`."""
    found = _administer("who", mailbox)
    return {pid for row in found for pid in re.findall(r"\d+", str(row.get("pids") or row.get("pid") or ""))}


def _administer(command: str, mailbox: str) -> list[dict[str, Any]]:
    """A Doveadm command about one mailbox; the rows of its answer. Raises `OSError`, or `ValueError` for no JSON."""
    url = urlsplit(settings.IMAP_ADMIN_URL)
    if not url.hostname:
        return []
    key = base64.b64encode((url.password or "").encode()).decode()
    request = urllib.request.Request(
        f"http://{url.hostname}:{url.port}{url.path}",
        json.dumps([[command, {"mask": [mailbox]}, command]]).encode(),
        {"Authorization": f"X-Dovecot-API {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_KICK_SECONDS) as response:
        answers: list[list[Any]] = json.load(response)
    return [row for kind, rows, _ in answers if kind == "doveadmResponse" for row in rows if isinstance(row, dict)]
