"""Vocabulary: Acme and Beta, each on a server of its own, and the mail between them, which a test delivers as it likes.

Both live in one database, but have their own domain, secret and key; what one does happens within `on`.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from channels_app.chat import channels, members, messages, reactions, sharing
from channels_app.chat.models import Attachment, Channel, Membership, Message, Reaction, Share
from channels_app.files import storage, uploads
from channels_app.guests import addresses
from channels_app.guests.receiving import inwards
from channels_app.guests.receiving.answers import Answer
from channels_app.guests.sharing import rounds
from channels_app.guests.sharing.composing import wire_id
from channels_app.guests.sharing.notes import Ready
from channels_app.mail import dkim
from workspace.events.lanes import Step
from workspace.events.models import Lane
from workspace.people import organizations, persons
from workspace.people.models import Organization, Person

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)


@dataclass
class Server:
    """One organization on its server, with an owner and a member, and the mail that it has sent."""

    name: str
    folder: Path
    outbox: list[Ready] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = self.folder / f"{self.name}.pem"
        self.key.write_bytes(dkim.new_key())
        n = f"{os.environ.get('PYTEST_XDIST_WORKER', '')} {os.getpid()} {next(_numbers)}"
        with self.on():
            self.org, self.owner = organizations.create(
                name=f"{self.name} {n}", owner_email=f"owner@{self.name}.test", owner_name=f"{self.name} Owner"
            )
            self.member = persons.add(org=self.org, email=f"m@{self.name}.test", name=f"{self.name} Member")

    org: Organization = field(init=False)
    owner: Person = field(init=False)
    member: Person = field(init=False)
    channel: Channel = field(init=False)

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """What happens within happens on this server."""
        domain = f"{self.name.lower()}.example"
        with override_settings(
            MAIL_DOMAIN=domain, SECRET_KEY=f"secret of {self.name}", DKIM_KEY=self.key, SMTP_URL="smtp://127.0.0.1:1"
        ):
            yield

    @property
    def address(self) -> str:
        with self.on():
            return addresses.org_address(self.org)

    @property
    def share(self) -> Share:
        return Share.objects.select_related("org", "channel__org").filter(org=self.org).latest("at")

    # What people do

    def create(self, name: str = "project", **more: Any) -> None:
        with self.on():
            self.channel = channels.create(
                person=self.owner, name=name, kind="private", members=[self.member.id], **more
            )

    def offer(self, address: str) -> Share:
        with self.on():
            return sharing.offer(person=self.owner, channel=self.channel.id, address=address)

    def approve(self, name: str = "project") -> None:
        with self.on():
            self.channel = sharing.approve(person=self.owner, share=self.share.id, name=name)
            members.add(person=self.owner, channel=self.channel.id, people=[self.member.id])

    def say(self, text: str, *, by: Person | None = None, thread: str | None = None, **files: bytes) -> str:
        with self.on():
            who = by or self.member
            stored = [uploads.store(uploader=who, name=name, chunks=[content]).id for name, content in files.items()]
            posted = messages.post(person=who, channel=self.channel.id, text=text, thread=thread, files=stored)
            return posted.message["id"]

    def edit(self, message: str, text: str) -> None:
        with self.on():
            messages.edit(person=self.author(message), message=message, text=text)

    def delete(self, message: str) -> None:
        with self.on():
            messages.delete(person=self.author(message), message=message)

    def react(self, message: str, emoji: str, *, away: bool = False) -> None:
        with self.on():
            verb = reactions.remove if away else reactions.add
            verb(person=self.member, message=message, emoji=emoji)

    def author(self, message: str) -> Person:
        return Message.objects.select_related("author__org").get(id=message).author

    def end(self) -> None:
        with self.on():
            sharing.end(person=self.owner, channel=self.channel.id, share=self.share.id)

    # What the gateway does

    def carry(self) -> list[Ready]:
        """Put all that may go now into the outbox, notes that are due too; the mails of this time."""
        before = len(self.outbox)
        _let_time_pass()
        with self.on():
            for stream in rounds.behind():
                if stream.removeprefix("channel:") == self.channel.id:
                    self._carry(stream)
            for due in self._due():
                self.outbox += [due.ready] if due.ready else []
                rounds.written(due)
        return self.outbox[before:]

    def _carry(self, stream: str) -> None:
        for round in rounds.gather(stream):
            sent = round.share.sent
            for mail in round.mails:
                self.outbox.append(mail.ready)
                assert rounds.moved(round, Step(round.lane.id, mail.seq, wait=None), before=sent, sent=mail.seq)
                sent = mail.seq
            assert rounds.moved(round, Step(round.lane.id, round.end), before=sent, sent=sent)

    def _due(self) -> list[rounds.Due]:
        """Of this server alone: the other one is in the same database."""
        others = Share.objects.exclude(org=self.org).filter(due__lte=timezone.now())
        waiting = list(others)
        others.update(due=None)
        found = list(rounds.due())
        Share.objects.bulk_update(waiting, ["due"])
        return found

    def wait(self) -> None:
        """Time passes: all that rests may go again."""
        Share.objects.filter(org=self.org, due__isnull=False).update(due=timezone.now())
        Lane.objects.filter(subscriber=sharing.lane_of(self.share.id)).update(due=timezone.now())

    def take(self, mail: Ready) -> Answer:
        with self.on():
            return inwards.take_in(mail.mail, recipient=mail.to, sender=mail.sender)

    # What is there

    def texts(self) -> list[str]:
        return [row.text for row in Message.objects.filter(channel=self.channel, deleted_at=None).order_by("seq")]

    def by_text(self, text: str) -> str:
        return Message.objects.get(channel=self.channel, text=text).id

    def view(self) -> dict[str, Any]:
        """The channel as both sides have it, whatever the order and the ids.

        What was deleted leaves a place only where it was known before.
        """
        with self.on():
            rows = Message.objects.filter(channel=self.channel, deleted_at=None).select_related("thread", "author")
            return {wire_id(row): self._shown(row) for row in rows}

    def _shown(self, row: Message) -> dict[str, Any]:
        reacted = Reaction.objects.filter(message=row).select_related("person")
        files = Attachment.objects.filter(message=row).select_related("file").order_by("position")
        return {
            "text": row.text,
            "author": self._name(row.author),
            "thread": wire_id(row.thread) if row.thread and not row.thread.deleted_at else None,
            "reactions": {(self._name(one.person), one.emoji) for one in reacted},
            "files": [(one.file.name, _content(one.file.key)) for one in files],
        }

    def people(self) -> set[str]:
        rows = Membership.objects.filter(channel=self.channel).select_related("person")
        return {self._name(row.person) for row in rows}

    def _name(self, person: Person) -> str:
        """Without where they are from."""
        return person.name.partition(" (")[0]


def _content(key: str) -> bytes:
    with storage.open_file(key) as content:
        return content.read()


def _let_time_pass() -> None:
    """A test is one transaction, in which the database's clock stands still."""
    for rows in (Share.objects, Lane.objects):
        rows.filter(due__lte=timezone.now()).update(due=LONG_AGO)


def exchange(*servers: Server) -> None:
    """Deliver everything, each mail once, until nobody has anything more to say."""
    one, other = servers
    for _ in range(50):
        mails = [(other, mail) for mail in one.carry()] + [(one, mail) for mail in other.carry()]
        for to, mail in mails:
            to.take(mail)
        if not mails and not _restless(one, other):
            return
    raise AssertionError("they never come to an end")


def _restless(*servers: Server) -> bool:
    rest = [server for server in servers if server.share.due is not None]
    for server in rest:
        server.wait()
    return bool(rest)


def shared(folder: Path) -> tuple[Server, Server]:
    """Acme shares #project with Beta, and both are through with what follows."""
    acme, beta = Server("Acme", folder), Server("Beta", folder)
    acme.create(topic="What we build")
    acme.offer(beta.address)
    for mail in acme.carry():
        assert beta.take(mail).code == 250
    beta.approve("with-acme")
    exchange(acme, beta)
    return acme, beta


@pytest.fixture
def pair(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Server, Server]:
    return shared(tmp_path)
