"""From people's mailboxes into the channel: what a mail for its address is, decided and done in one transaction.

| it comes | and | it ends as |
|---|---|---|
| to an address that was signed for a guest | from that guest | a post, a command, a reaction, an edit, a deletion |
| to it | from anybody else | quarantine |
| to the channel's own address | from somebody in the channel, and a server we trust vouches for them | the same |
| to it | from somebody in the channel, and nobody vouches | quarantine |
| to it | from a stranger | refused |
| to a bounce address | a report of failure for good | counted against the guest's mailbox |
| anywhere | written by a program | let go |
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from hashlib import blake2b

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from flufl.bounce import all_failures

from channels_app.chat import guests, posting
from channels_app.chat.models import Channel, Membership, Seat
from channels_app.guests import ORIGIN, places, rounds
from channels_app.guests.models import Subject
from channels_app.guests.places import Place
from channels_app.letters import incoming, quarantine, unwanted
from channels_app.letters.targets import Targets
from channels_app.letters.unwanted import Unwanted
from channels_app.mail import Limits, Parsed, parse
from channels_app.mail.authres import vouched_for
from workspace.events.refusal import Refusal
from workspace.events.statement import AWAY
from workspace.people.models import Person

log = logging.getLogger(__name__)

LIMITS = Limits(size=50 * 1024 * 1024)
MAILS_A_MINUTE = 30
SUBJECT_LENGTH = 250
Delivery = Seat.Delivery
# All that a mail to a signed address says. Words that nobody answers a question with.
DELIVERIES = {
    "mute": Delivery.PAUSED, "unmute": Delivery.EVERY, "every message": Delivery.EVERY, "mentions": Delivery.MENTIONS,
    "digest daily": Delivery.DAILY, "digest hourly": Delivery.HOURLY,
}  # fmt: skip
LEAVE = ("leave", "unsubscribe")
_ANSWERED = re.compile(r"^(?:(?:re|aw|sv|antw|r)\s*:\s*)+", re.IGNORECASE)
_CHAT_CLIENT = re.compile(rb"^Chat-Version:", re.MULTILINE | re.IGNORECASE)
_TRACE = re.compile(rb"^(?:Received|Return-Path|Delivered-To|X-[^:\r\n]*):.*\r?\n(?:[ \t].*\r?\n)*", re.MULTILINE)
_DIAGNOSIS = re.compile(rb"^Diagnostic-Code:[^;\r\n]*;?[ \t]*(.{1,400})", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server that hands a mail in is told (RFC 5321, with RFC 3463's code in front of the text)."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


DONE = Answer(250, "2.0.0 OK")
KEPT = Answer(250, "2.0.0 Kept for the channel's admins to look at")
LET_GO = Answer(250, "2.0.0 Nobody wrote this, so nobody reads it")
NO_PLACE = Answer(550, "5.1.1 There is no such channel, or you no longer take part in it")
LATER = Answer(451, "4.3.0 The database does not answer; please try again")


class _Rejected(Exception):
    """The mail is not taken; the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer))
        self.answer = answer


def take_in(raw: bytes, *, recipient: str, sender: str) -> Answer:
    """Take in one mail for one address; `sender` is the envelope's, empty for other servers' reports. Never raises."""
    try:
        place = places.find(recipient)
        if place is None:
            return NO_PLACE
        parsed = parse(raw, limits=LIMITS)
        if place.bounce:
            return _bounce(place, raw, sender)
        try:
            with transaction.atomic():
                return _take_in(place, raw, parsed, sender)
        except _Rejected as rejected:
            return rejected.answer
        except Refusal as refusal:
            return Answer(550, f"5.7.1 {_line(refusal.message)}")
        except Unwanted as reason:
            return _keep(place, raw, parsed, recipient, sender, str(reason))
        except AWAY:
            raise
        except Exception as error:  # whatever a mail is made of, it is kept, and those behind it go on
            log.exception("could not take in a mail for %s", recipient)
            return _keep(place, raw, parsed, recipient, sender, f"could not be read ({type(error).__name__})")
    except AWAY as error:
        log.warning("a mail for %s has to come again: %s", recipient, error)
        return LATER


def _line(text: str) -> str:
    return " ".join(text.encode("ascii", "replace").decode().split())[:400]


def _take_in(place: Place, raw: bytes, parsed: Parsed, sender: str) -> Answer:
    if _is_by_program(parsed, sender):
        log.info("let go a mail for %s that a program wrote (%s)", place.channel.id, parsed.auto or "no sender")
        return LET_GO
    unwanted.check(parsed)
    person = _author(place, raw, parsed)
    _bound(place.channel, person)
    if place.guest is not None and (command := _command(parsed)):
        command(place.guest, place.channel.id)
        return DONE
    targets = Targets(place.channel, [parsed])
    target = targets.find(parsed)
    if incoming.act(parsed, target, person=person, origin=ORIGIN):
        return DONE
    _post(place.channel, person, raw, parsed, _thread(place.channel, raw, parsed, target))
    return DONE


def _is_by_program(parsed: Parsed, sender: str) -> bool:
    """Answers of programs start loops; so does our own mail when it comes back."""
    own = parsed.own
    if own is not None and own.domain.lower() == settings.MAIL_DOMAIN.lower():
        return True
    return parsed.auto is not None or not sender.strip("<> ")


def _author(place: Place, raw: bytes, parsed: Parsed) -> Person:
    """Who writes. Raises `_Rejected` for whom we know to be somebody else, `Unwanted` for whom nobody vouches for."""
    if parsed.from_ is None:
        raise Unwanted("no sender")
    email = parsed.from_.email.lower()
    verdict = vouched_for(raw, email.rpartition("@")[2], settings.TRUSTED_AUTHSERV)
    if verdict == "fail":
        raise _Rejected(Answer(550, "5.7.1 The sender's own domain says that this mail is not from there (DMARC)"))
    if place.guest is not None:
        if email != place.guest.email:
            raise Unwanted("somebody else writes to this guest's address")
        return place.guest
    inside = Membership.objects.select_related("person__org").filter(channel=place.channel, person__active=True)
    membership = inside.filter(person__email=email).first()
    if membership is None:
        raise _Rejected(Answer(550, "5.7.1 Only people of this channel can write to it; ask one of them to invite you"))
    if verdict != "pass":
        raise Unwanted("no server that is trusted vouches for the sender")
    return membership.person


def _bound(channel: Channel, person: Person) -> None:
    key = f"guests:rate:{channel.id}:{person.id}"
    cache.add(key, 0, 60)
    if cache.incr(key) > MAILS_A_MINUTE:
        raise _Rejected(Answer(451, "4.7.1 Too many mails in a minute; please try again"))


def _command(parsed: Parsed) -> Callable[[Person, str], object] | None:
    """What a guest asks us, and not the channel."""
    lines = [line.strip() for line in parsed.text.splitlines() if line.strip()]
    if not lines and parsed.subject.strip().lower() in LEAVE and not parsed.attachments:  # a List-Unsubscribe by mail
        lines = [parsed.subject]
    if not lines or len(lines) > 1:
        return None
    word = " ".join(lines[0].strip(" .").lower().split())
    if word in LEAVE:
        return lambda guest, channel: guests.leave(guest=guest, channel=channel)
    delivery = DELIVERIES.get(word)
    return (lambda guest, channel: guests.choose(guest=guest, channel=channel, delivery=delivery)) if delivery else None


def _thread(channel: Channel, raw: bytes, parsed: Parsed, target: str | None) -> str | None:
    """The message a mail answers.

    A chat client names the chat's last message in each mail, so there only a quote says that it answers one.
    """
    if _CHAT_CLIENT.search(raw[: raw.find(b"\r\n\r\n") + 1 or len(raw)]):
        return target if parsed.quoted else None
    if target is not None or parsed.in_reply_to or not _ANSWERED.match(parsed.subject):
        return target
    begun = Subject.objects.filter(message__channel=channel, subject__iexact=_ANSWERED.sub("", parsed.subject).strip())
    return begun.order_by("-message__seq").values_list("message_id", flat=True).first()


def _post(channel: Channel, person: Person, raw: bytes, parsed: Parsed, thread: str | None) -> None:
    what = incoming.posting_of(
        parsed,
        person=person,
        channel=channel.id,
        thread=thread,
        client_id=_client_id(channel, person, raw, parsed),
        origin=ORIGIN,
    )
    (outcome,) = posting.post_many([what])
    if isinstance(outcome, Refusal):
        raise outcome
    subject = parsed.subject.strip()[:SUBJECT_LENGTH]
    if outcome.fresh and thread is None and subject:
        Subject.objects.create(message_id=outcome.message["id"], subject=subject)


def _client_id(channel: Channel, person: Person, raw: bytes, parsed: Parsed) -> str:
    """The same for a mail that comes again, because the answer to it was lost."""
    known_by = parsed.message_id.encode() if parsed.message_id else _TRACE.sub(b"", raw)
    key = f"{channel.id}{person.id}".encode()
    return f"{ORIGIN}:" + blake2b(known_by, digest_size=20, key=key).hexdigest()


def _bounce(place: Place, raw: bytes, sender: str) -> Answer:
    """A report that a guest's mail was not delivered; what is only late is none (RFC 3464)."""
    assert place.guest is not None
    if sender.strip("<> "):
        return LET_GO
    try:
        _temporary, failed = all_failures(message_from_bytes(raw))
    except Exception as error:
        log.warning("could not read a report about %s: %s", place.guest.id, error)
        return LET_GO
    if failed:
        diagnosis = _DIAGNOSIS.search(raw)
        why = diagnosis[1].decode("ascii", "replace") if diagnosis else "the mail came back"
        rounds.failed(place.guest.id, " ".join(why.split()))
    return DONE


def _keep(place: Place, raw: bytes, parsed: Parsed, recipient: str, sender: str, why: str) -> Answer:
    quarantine.keep(
        [raw],
        parsed,
        org=place.channel.org_id,
        stream=place.channel.stream,
        origin=ORIGIN,
        place=recipient,
        user=sender[:254],
        why=why,
    )
    return KEPT
