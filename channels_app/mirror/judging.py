"""Whose a mail is, and what it is: a post, something that acts on a message, or nothing we take in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from channels_app.chat.models import Channel, Membership, Message
from channels_app.mail import Parsed, parse_message_id
from channels_app.mirror.models import Arrival, Folder
from workspace.events import prepared
from workspace.people.models import Person
from workspace.signin.app_passwords import mailbox_name

# How long a mail waits for the bell that names who appended it.
PATIENCE = timedelta(seconds=60)
# Forms that are used to fool people, and bombs: what is in them is kept, not shown.
REFUSED_DEFECTS = (
    "several senders", "repeated from", "mail too big", "too many parts", "nested too deep", "unreadable",
    "too many attachments", "attachments too big",
)  # fmt: skip
NO_PERSON = {"auto-replied", "bounce", "receipt"}


def arrivals(folder: Folder, uids: Sequence[int]) -> list[Arrival]:
    """What is known of who appended these mails."""
    where = "folder_id = %s AND uidvalidity = %s AND uid = ANY(%s)"
    return prepared.rows(Arrival, where, [folder.id, folder.uidvalidity, list(uids)])


class Unwanted(Exception):
    """Why a mail goes to quarantine."""


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
        self._targets = self._messages({value for mail in mails for value in _answered(mail.parsed)})

    def author(self, mail: Arrived) -> Person:
        """Who writes. Raises `Unwanted`, and `NotYet` while the bell may still tell who appended it."""
        for defect in mail.parsed.defects:
            if defect.startswith(REFUSED_DEFECTS):
                raise Unwanted(defect)
        if mail.parsed.auto in NO_PERSON:
            raise Unwanted(f"written by no person ({mail.parsed.auto})")
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

    def target(self, parsed: Parsed) -> str | None:
        """The id of the message a mail answers, by In-Reply-To and then References, the last first."""
        return next((self._targets[value] for value in _answered(parsed) if value in self._targets), None)

    def learn(self, message_id: str | None, message: str) -> None:
        """A mail of this batch became a message; others of it may answer it."""
        if message_id:
            self._targets.setdefault(message_id, message)

    def _arrivals(self, uids: Sequence[int]) -> dict[int, datetime]:
        return {row.uid: row.at for row in arrivals(self._folder, uids)} if uids else {}

    def _members(self, emails: set[str]) -> dict[str, Person]:
        inside = f"id IN (SELECT person_id FROM {Membership._meta.db_table} WHERE channel_id = %s)"
        where = f"org_id = %s AND lower(email) = ANY(%s) AND active AND {inside}"
        people = prepared.rows(Person, where, [self._channel.org_id, list(emails), self._channel.id])
        for person in people:
            person.org = self._channel.org
        return {person.email.lower(): person for person in people}

    def _messages(self, values: set[str]) -> dict[str, str]:
        if not values:
            return {}
        own = {value: parsed.message for value in values if (parsed := parse_message_id(value)) is not None}
        rows = Message.objects.filter(channel=self._channel)
        there = set(rows.filter(id__in=own.values()).values_list("id", flat=True)) if own else set()
        foreign = values - own.keys()
        found = {value: id for value, id in own.items() if id in there}
        if foreign:
            for value, id in rows.filter(external_id__in=foreign).values_list("external_id", "id"):
                found[str(value)] = id
        return found


def _answered(parsed: Parsed) -> list[str]:
    named = [parsed.in_reply_to, *reversed(parsed.references)]
    return list(dict.fromkeys(value for value in named if value))
