"""A mail on its way to its answer: whatever happens to it on the way, it ends in one."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from channels_app.chat.access import Archived
from channels_app.chat.models import Channel
from channels_app.guests import ORIGIN
from channels_app.guests.receiving.addressed import Addressed
from channels_app.guests.receiving.answers import AGAIN, KEPT, SLOWER, Answer, Declined
from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.receiving.deeds import Deed
from channels_app.guests.receiving.judging import Writer
from channels_app.guests.receiving.pace import pace
from channels_app.letters import quarantine
from channels_app.letters.unwanted import Unwanted
from workspace.events.refusal import Refusal, TooLarge
from workspace.people.models import Person

log = logging.getLogger(__name__)

# Nothing is known of the mail then, and the next try may find the database, or the disk, well again.
_TROUBLE = (OperationalError, InterfaceError, OSError)


class Settling:
    """A mail on its way for one recipient: as soon as it has its `answer` it is done with.

    `inside` is what is read of it: of an encrypted mail what was in there.
    """

    def __init__(self, mail: Arrived, recipient: str) -> None:
        self.mail = self.inside = mail
        self.recipient = recipient
        self.to: Addressed | Person | None = None
        self.writer: Writer | None = None
        self.deed: Deed | None = None
        self.answer: Answer | None = None

    def attempt(self, step: Callable[[Settling], None]) -> None:
        """Go a step further; what is in its way becomes the answer. Never raises."""
        try:
            try:
                step(self)
            except IntegrityError:  # somebody took in the same mail at this moment; now it is known
                step(self)
        except Refusal as refusal:
            self._decline(_declined(refusal))
        except Declined as declined:
            self._decline(declined)
        except (IntegrityError, *_TROUBLE):
            log.exception("could not take in a mail for %r", self.recipient)
            self.answer = AGAIN
        except Exception as error:
            self.answer = self._put_away(error)

    def _decline(self, declined: Declined) -> None:
        log.info("declined a mail of %s for %r: %s", self.mail.writer or "nobody", self.recipient, declined)
        self.answer = declined.answer

    def _put_away(self, error: Exception) -> Answer:
        """Whatever a mail is made of, it is kept for somebody to look at."""
        if self.to is None or not isinstance(error, Unwanted):
            log.exception("could not read a mail for %r", self.recipient)
        if self.to is None:
            return AGAIN
        why = str(error) if isinstance(error, Unwanted) else f"could not be read ({type(error).__name__})"
        try:
            place = self.to if isinstance(self.to, Person) else self.to.channel
            return keep(self.mail, place, self.recipient, why)
        except Exception:
            log.exception("could not keep a mail for %r", self.recipient)
            return AGAIN


def _declined(refusal: Refusal) -> Declined:
    if isinstance(refusal, Archived):
        return Declined(refusal.message, status="5.2.1")
    if isinstance(refusal, TooLarge):
        return Declined(refusal.message, status="5.3.4", code=552)
    return Declined(refusal.message)


def keep(mail: Arrived, place: Channel | Person, recipient: str, why: str) -> Answer:
    if pace.is_too_fast(f"{place.id}:quarantine"):
        return SLOWER
    with transaction.atomic():
        quarantine.keep(
            mail.marked,
            mail.opening,
            org=place.org_id,
            stream=place.stream,
            origin=ORIGIN,
            place=recipient,
            user=mail.sender[:254],
            why=why,
        )
    return KEPT
