"""Mails that members appended: posts, reactions, edits, deletions; and what is none of these goes to quarantine."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError, transaction

from channels_app.chat import posting
from channels_app.chat.posting import Outcome, Posting
from channels_app.letters import incoming
from channels_app.letters.targets import Targets
from channels_app.letters.unwanted import Unwanted
from channels_app.mail import Parsed
from channels_app.mirror import ORIGIN, copies, ours, quarantine
from channels_app.mirror.folders import Place
from channels_app.mirror.judging import Arrived, Court, NotYet
from channels_app.mirror.models import Arrival, Copy, Folder
from workspace.events.refusal import Refusal
from workspace.people.models import Person

log = logging.getLogger(__name__)


def take_in(place: Place, folder: Folder, mails: Sequence[Arrived]) -> tuple[list[int], list[int]]:
    """Turn mails into what they say, in order: (UIDs that have to leave the folder, UIDs that wait for their bell)."""
    if not mails:
        return [], []
    work = _Work(place, folder, mails)
    for mail in mails:
        work.take(mail)
    work.post()
    waiting = [Arrival(folder=folder, uidvalidity=folder.uidvalidity, uid=uid) for uid in work.waiting]
    if waiting:
        Arrival.objects.bulk_create(waiting, ignore_conflicts=True)
    return work.rubbish, work.waiting


@dataclass(slots=True)
class _Work:
    """The mails of a batch: those that wait to be posted together, and what became of the others."""

    place: Place
    folder: Folder
    mails: Sequence[Arrived]
    rubbish: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    _court: Court = field(init=False)
    _targets: Targets = field(init=False)
    _ready: list[tuple[Arrived, Posting]] = field(default_factory=list)
    _ready_ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        assert self.place.channel is not None
        self._court = Court(self.place.channel, self.folder, self.mails)
        self._targets = Targets(self.place.channel, [mail.parsed for mail in self.mails])

    def take(self, mail: Arrived) -> None:
        if self._ready_ids & {mail.parsed.in_reply_to, *mail.parsed.references}:
            self.post()  # it answers one that is not a message yet
        try:
            person = self._court.author(mail)
            with transaction.atomic() if _needs_savepoint(mail.parsed) else nullcontext():
                if incoming.act(mail.parsed, self._targets.find(mail.parsed), person=person, origin=ORIGIN):
                    self.rubbish.append(mail.uid)
                    return
                self._ready.append((mail, self._posting(mail, person)))
            if mail.parsed.message_id:
                self._ready_ids.add(mail.parsed.message_id)
        except NotYet:
            self.waiting.append(mail.uid)
        except Unwanted as unwanted:
            self._refuse(mail, str(unwanted))
        except Refusal as refusal:
            self._refuse(mail, refusal.message)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # whatever a mail is made of, it must not stop those behind it
            log.exception("could not take in a mail")
            self._refuse(mail, f"could not be read ({type(error).__name__})")

    def _posting(self, mail: Arrived, person: Person) -> Posting:
        assert self.place.channel is not None
        return incoming.posting_of(
            mail.parsed,
            person=person,
            channel=self.place.channel.id,
            thread=self._targets.find(mail.parsed),
            client_id=ours.carried_in_id(self.place.channel.id, mail.raw),
            origin=ORIGIN,
        )

    def post(self) -> None:
        """Post what is ready, in one go; when that fails, one by one, so that a single mail can't stop the others."""
        ready, self._ready, self._ready_ids = self._ready, [], set()
        if not ready:
            return
        try:
            with transaction.atomic():
                outcomes: Sequence[Outcome | str] = posting.post_many([what for _, what in ready])
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("could not post %d mails together", len(ready))
            outcomes = [_post_alone(what) for _, what in ready]
        seqs = [outcome.message["seq"] for outcome in outcomes if isinstance(outcome, posting.Posted)]
        have = copies.known(self.folder, seqs)
        for (mail, _), outcome in zip(ready, outcomes, strict=True):
            if isinstance(outcome, posting.Posted):
                self._note(mail, outcome, have)
            else:
                self._refuse(mail, outcome.message if isinstance(outcome, Refusal) else outcome)
        copies.add(self.folder, [copy for copy in have.values() if copy.pk is None])

    def _note(self, mail: Arrived, posted: posting.Posted, have: dict[int, Copy]) -> None:
        """The mail is the message's mail in the folder, unless the message has one or is no longer what it says."""
        shape = posted.message
        self._targets.learn(mail.parsed.message_id, shape["id"])
        if shape["seq"] in have or shape["deleted"] or shape["edited_at"]:
            self.rubbish.append(mail.uid)
            return
        have[shape["seq"]] = Copy(folder=self.folder, uid=mail.uid, seq=shape["seq"])

    def _refuse(self, mail: Arrived, why: str) -> None:
        quarantine.keep(self.folder, mail.uid, mail.raw, mail.parsed, user=mail.user, why=why)
        self.rubbish.append(mail.uid)


def _needs_savepoint(parsed: Parsed) -> bool:
    """Whether taking the mail in writes something before it is posted."""
    return bool(parsed.attachments or parsed.chat_content or parsed.reaction is not None)


def _post_alone(what: Posting) -> Outcome | str:
    try:
        with transaction.atomic():
            return posting.post_many([what])[0]
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("could not post a mail")
        return f"could not be posted ({type(error).__name__})"
