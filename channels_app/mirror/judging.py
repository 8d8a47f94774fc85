"""Whose a mail in a folder is, and who may be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from channels_app.chat.models import Channel, Membership
from channels_app.letters.unwanted import Unwanted, check
from channels_app.mail import Parsed
from channels_app.mirror.models import Arrival, Folder
from workspace.events import prepared
from workspace.people.models import Person
from workspace.signin.app_passwords import mailbox_name

# How long a mail waits for the bell that names who appended it.
PATIENCE = timedelta(seconds=60)


def arrivals(folder: Folder, uids: Sequence[int]) -> list[Arrival]:
    """What is known of who appended these mails."""
    where = "folder_id = %s AND uidvalidity = %s AND uid = ANY(%s)"
    return prepared.rows(Arrival, where, [folder.id, folder.uidvalidity, list(uids)])


class NotYet(Exception):
    """It is not known yet who appended the mail."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail nobody here wrote; `user` appended it, as the bell named them (empty when it did not)."""

    uid: int
    raw: bytes
    parsed: Parsed
    user: str


class Court:
    """Judges the mails of one batch; looks everything up at once."""

    def __init__(self, channel: Channel, folder: Folder, mails: Sequence[Arrived]) -> None:
        self._channel, self._folder = channel, folder
        self._waiting = self._arrivals([mail.uid for mail in mails if not mail.user])
        self._people = self._members({mail.parsed.from_.email.lower() for mail in mails if mail.parsed.from_})

    def author(self, mail: Arrived) -> Person:
        """Who writes. Raises `Unwanted`, and `NotYet` while the bell may still tell who appended it."""
        check(mail.parsed)
        if not mail.user:
            self._trust(mail)
        person = self._people.get(mail.parsed.from_.email.lower()) if mail.parsed.from_ else None
        if person is None:
            raise Unwanted("the sender is no member of the channel" if mail.parsed.from_ else "no sender")
        if mail.user and mail.user.lower() != mailbox_name(person).lower():
            raise Unwanted("somebody else appended it")
        return person

    def _trust(self, mail: Arrived) -> None:
        """Whether From alone is believed.

        Our own Dovecot names everybody whose append was acknowledged (before that, the bell was answered or spooled),
        so what stays without a name was cut off by a crash, and its client will append it again. A foreign server
        can't say who appended; only members may (its ACL is the membership), and the organization chooses whether to
        believe their From: `settings["trust_from"]`, yes unless it says no.
        """
        if not settings.IMAP_BELL:
            if not self._channel.org.settings.get("trust_from", True):
                raise Unwanted("the organization takes no mails from a server that can't say who appended them")
            return
        since = self._waiting.get(mail.uid)
        if since is None or timezone.now() - since < PATIENCE:
            raise NotYet
        raise Unwanted("nobody knows who appended it")

    def _arrivals(self, uids: Sequence[int]) -> dict[int, datetime]:
        return {row.uid: row.at for row in arrivals(self._folder, uids)} if uids else {}

    def _members(self, emails: set[str]) -> dict[str, Person]:
        inside = f"id IN (SELECT person_id FROM {Membership._meta.db_table} WHERE channel_id = %s)"
        where = f"org_id = %s AND lower(email) = ANY(%s) AND active AND {inside}"
        people = prepared.rows(Person, where, [self._channel.org_id, list(emails), self._channel.id])
        for person in people:
            person.org = self._channel.org
        return {person.email.lower(): person for person in people}
