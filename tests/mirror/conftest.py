"""A real Dovecot, and people's mail programs on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from channels_app.mirror import outwards
from channels_app.mirror.imap import pool
from tests.cast import Cast, gather
from workspace.events.models import Stream
from workspace.people.models import Person
from workspace.signin import app_passwords

MailProgram = Callable[[Person], IMAPClient]


@pytest.fixture
def cast(transactional_db: None) -> Iterator[Cast]:
    """The mirror looks at what is committed."""
    if not settings.IMAP_URL:
        pytest.skip("needs the servers of `python3 manage.py test`")
    yield gather()
    pool.empty()


@pytest.fixture
def program(cast: Cast) -> Iterator[MailProgram]:
    """Opens somebody's mail program."""
    opened: list[IMAPClient] = []

    def open_for(person: Person) -> IMAPClient:
        login = app_passwords.create(person=person, name="test")
        client = _signed_in(login)
        opened.append(client)
        return client

    yield open_for
    for client in opened:
        client.logout()


def _signed_in(login: app_passwords.Login) -> IMAPClient:
    """Dovecot looks for a changed passwd-file at most once in a second of its clock, so a fresh login may come too
    early by that much."""
    deadline = time.monotonic() + 10
    while True:
        client = IMAPClient(settings.IMAP_PUBLIC_HOST, settings.IMAP_PUBLIC_PORT, ssl=False)
        try:
            client.login(login.username, login.password)
        except LoginError:
            client.shutdown()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return client


def carry() -> None:
    """Drain every lane, as the workers do."""
    for key in Stream.objects.filter(key__regex="^(channel|org):").order_by("key").values_list("key", flat=True):
        while outwards.drain(key):
            pass


def raw_mail(person: Person, text: str, **headers: str) -> bytes:
    """A mail as a plain mail program writes it."""
    lines = [f"From: {person.name} <{person.email}>", "To: channel@x.test", "MIME-Version: 1.0"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["Content-Type: text/plain; charset=utf-8", "", text]
    return "\r\n".join(lines).encode()
