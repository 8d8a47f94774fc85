"""App passwords for mail programs, published to our own Dovecot as a passwd-file.

Each has a user name of its own that Dovecot maps to the person's one mailbox name (`user=`), so a person can take one
program's access away. With a foreign IMAP server people use the account they have there.
Source: Dovecot, "Passwd-file" and "Password database extra fields".
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from workspace.events.refusal import NotFound
from workspace.people.models import Person
from workspace.people.names import clean_name
from workspace.signin.models import AppPassword

_PUBLISH_LOCK = 0x526F6F7374  # an advisory lock, so that writers of the file take turns
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


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
        transaction.on_commit(publish)
    return Login(row.id, row.name, username, password)


def delete(*, person: Person, id: str) -> None:
    """Take a mail program's access away. Raises `NotFound`."""
    with transaction.atomic():
        deleted, _ = AppPassword.objects.filter(person=person, id=id).delete()
        if not deleted:
            raise NotFound("There is no such app password.")
        transaction.on_commit(publish)


def publish() -> None:
    """Write the passwd-file anew, if Dovecot is ours."""
    if not settings.IMAP_BELL:
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PUBLISH_LOCK])
        rows = AppPassword.objects.filter(person__active=True).select_related("person__org").order_by("id")
        lines = [f"{row.username}:{row.scheme_hash}::::::user={mailbox_name(row.person)}\n" for row in rows]
        _replace(Path(settings.DATA_DIR) / "mail" / "users", "".join(lines))


def _ssha512(password: str) -> str:
    salt = secrets.token_bytes(12)
    return "{SSHA512}" + base64.b64encode(hashlib.sha512(password.encode() + salt).digest() + salt).decode()


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o600)
    if path.exists():
        # Dovecot reads it again when its time or size changed, and looks at whole seconds only.
        later = max(time.time(), path.stat().st_mtime + 1)
        os.utime(fresh, (later, later))
    if os.geteuid() == 0:  # Dovecot runs as another user
        owner = path.parent.stat()
        os.chown(fresh, owner.st_uid, owner.st_gid)
    fresh.replace(path)
