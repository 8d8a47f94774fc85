"""A real Dovecot, and people's mail programs on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from imapclient import IMAPClient

from channels_app.chat.models import Channel
from channels_app.mail import Parsed, parse
from channels_app.mirror import ear, outwards, settling
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Folder
from channels_app.mirror.pool import pool
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
    pool.empty()
    _remove_folders()
    yield gather()
    pool.empty()


def _remove_folders() -> None:
    """What the test before left behind."""
    mailbox = Mailbox()
    for name in sorted(mailbox.all_states([]), reverse=True):
        mailbox.client.delete_folder(name)
    mailbox.close()


@pytest.fixture
def program(cast: Cast) -> Iterator[MailProgram]:
    """Opens somebody's mail program."""
    opened: list[IMAPClient] = []

    def open_for(person: Person) -> IMAPClient:
        login = app_passwords.create(person=person, name="test")
        client = IMAPClient(settings.IMAP_PUBLIC_HOST, settings.IMAP_PUBLIC_PORT, ssl=False)
        client.login(login.username, login.password)
        opened.append(client)
        return client

    yield open_for
    for client in opened:
        client.logout()


@pytest.fixture
def server(cast: Cast) -> Iterator[Mailbox]:
    """The mirror's own account, as an administrator would use it by hand."""
    mailbox = Mailbox()
    yield mailbox
    mailbox.close()


def streams() -> list[str]:
    keys = Stream.objects.filter(key__regex="^(channel|org):").order_by("key")
    return list(keys.values_list("key", flat=True))


def carry() -> None:
    """Drain every lane and tidy every folder, as the workers do."""
    people = Stream.objects.filter(key__startswith="person:", head__gt=0).values_list("key", flat=True)
    for stream in [*streams(), *people]:
        while outwards.drain(stream):
            pass
    for stream in set(Folder.objects.filter(untidy=True).values_list("stream", flat=True)):
        settling.settle(stream)


def ring() -> None:
    """Read what Dovecot's bell said while no watcher listened."""
    found = ear.spooled()
    ear.write_down(ear.read_spool(found))
    ear.forget(found)


def pull(channel: Channel) -> None:
    """What the watcher does when the bell rings."""
    ring()
    settling.settle(channel.stream)


def folder(channel: Channel, kind: str = "posts") -> Folder:
    return Folder.objects.get(stream=channel.stream, kind=kind)


def read(client: IMAPClient | Mailbox, name: str) -> list[Parsed]:
    """The mails of a folder, in order."""
    program = client.client if isinstance(client, Mailbox) else client
    program.select_folder(name, readonly=True)
    uids = sorted(program.search())
    rows: dict[int, Any] = program.fetch(uids, ["BODY.PEEK[]"]) if uids else {}
    program.close_folder()
    return [parse(rows[uid][b"BODY[]"]) for uid in uids]


def texts(client: IMAPClient | Mailbox, name: str) -> list[str]:
    return [mail.text for mail in read(client, name)]


def raw_mail(person: Person, text: str, **headers: str) -> bytes:
    """A mail as a plain mail program writes it."""
    lines = [f"From: {person.name} <{person.email}>", "To: channel@x.test", "MIME-Version: 1.0"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["Content-Type: text/plain; charset=utf-8", "", text]
    return "\r\n".join(lines).encode()
