"""Mail for a channel's address becomes what it says: a post, an act on a message, a command; or it is answered why not.

                         a report        of delivery: counted (`reports`)
    mail → address → what is it ─ a program's     dropped
                         a person's      who writes (`judging`) → a command, an act, a post

| answer | what became of the mail |
|---|---|
| 250 | done, or dropped (programs'), or in quarantine: it may be a forgery, or nobody can read it |
| 550 | refused; its sender reads why |
| 451 | nothing: try again |

A mail is settled in one transaction. A server that got no answer hands it over again, so doing so twice is harmless:
a post is known by its Message-ID, everything else changes nothing the second time.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from channels_app.chat import access, policy, posting
from channels_app.chat.access import Archived
from channels_app.chat.models import Channel, Message
from channels_app.guests import ORIGIN
from channels_app.guests.receiving import addressed, commands, judging, reports, subjects
from channels_app.guests.receiving.addressed import Addressed
from channels_app.guests.receiving.answers import AGAIN, Answer, Declined
from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.receiving.judging import Writer
from channels_app.letters import incoming, quarantine
from channels_app.letters.targets import Targets
from channels_app.letters.unwanted import Unwanted, check_form
from channels_app.mail import BOUNCE, MessageId, Parsed, event_seq
from channels_app.mail.headers import without_trace
from workspace.events.refusal import Refusal, TooLarge

log = logging.getLogger(__name__)

MOST_A_MINUTE = 30  # mails of one person into one channel, and into its quarantine

POSTED = Answer(250, "2.0.0", "It is in the channel.")
DONE = Answer(250, "2.0.0", "It is done.")
COUNTED = Answer(250, "2.0.0", "Thank you for the report.")
DROPPED = Answer(250, "2.0.0", "Taken, but nobody will read it: a program wrote it.")
KEPT = Answer(250, "2.0.0", "Taken, but kept back until somebody has looked at it.")
SLOWER = Answer(451, "4.7.1", "Too many mails at once; try again in a minute.")

# Nothing is known of the mail then, and the next try may find the database, or the disk, well again.
_TROUBLE = (OperationalError, InterfaceError, OSError)


def take_in(raw: bytes, *, recipient: str, sender: str) -> Answer:
    """Settle a mail for one address; `sender` is the envelope's, empty for the null sender. Never raises."""
    return take_in_for(raw, recipients=[recipient], sender=sender)[0]


def take_in_for(raw: bytes, *, recipients: Sequence[str], sender: str) -> list[Answer]:
    """Settle a mail for several addresses, each by itself: an answer for each, in their order."""
    mail = Arrived(raw, sender)
    return [_answered(mail, recipient) for recipient in recipients]


def check(recipient: str) -> Answer | None:
    """Why mail for an address needs not even be sent; None when it may be. Never raises."""
    try:
        addressed.check(recipient)
    except Declined as declined:
        return declined.answer
    except Exception:
        log.exception("could not look up %r", recipient)
        return AGAIN
    return None


def _answered(mail: Arrived, recipient: str) -> Answer:
    try:
        try:
            return _settle(mail, recipient)
        except IntegrityError:  # somebody took in the same mail at this moment; now it is known
            return _settle(mail, recipient)
    except Declined as declined:
        log.info("declined a mail of %s for %r: %s", mail.writer or "nobody", recipient, declined)
        return declined.answer
    except Exception:
        log.exception("could not take in a mail for %r", recipient)
        return AGAIN


def _settle(mail: Arrived, recipient: str) -> Answer:
    to: Addressed | None = None
    try:
        with transaction.atomic():
            to = addressed.resolve(recipient, mail.writer)
            return _take(mail, to)
    except Refusal as refusal:
        raise _declined(refusal) from None
    except (Declined, IntegrityError, *_TROUBLE):
        raise
    except Exception as error:
        if to is None:
            raise
        if not isinstance(error, Unwanted):  # whatever a mail is made of, it is kept for somebody to look at
            log.exception("could not read a mail")
        why = str(error) if isinstance(error, Unwanted) else f"could not be read ({type(error).__name__})"
        return _keep(mail, to.channel, recipient, why)


def _declined(refusal: Refusal) -> Declined:
    if isinstance(refusal, Archived):
        return Declined(refusal.message, status="5.2.1")
    if isinstance(refusal, TooLarge):
        return Declined(refusal.message, status="5.3.4", code=552)
    return Declined(refusal.message)


def _keep(mail: Arrived, channel: Channel, recipient: str, why: str) -> Answer:
    if _is_too_fast(f"{channel.id}:quarantine"):
        return SLOWER
    with transaction.atomic():
        quarantine.keep(
            [mail.raw],
            mail.opening,
            org=channel.org_id,
            stream=channel.stream,
            origin=ORIGIN,
            place=recipient,
            user=mail.sender[:254],
            why=why,
        )
    return KEPT


def _take(mail: Arrived, to: Addressed) -> Answer:
    if to.purpose == BOUNCE:
        return _report(mail, to)
    if _is_programs(mail, mail.opening):
        return DROPPED
    if to.former is not None:
        return _farewell(mail, to.channel)
    writer = judging.judge(to, mail)
    if _is_too_fast(f"{to.channel.id}:{writer.person.id}"):
        return SLOWER
    if _is_programs(mail, mail.parsed):
        return DROPPED
    check_form(mail.parsed)
    return _do(mail.parsed, mail, to.channel, writer)


def _report(mail: Arrived, to: Addressed) -> Answer:
    """What comes to the address that servers report to, and to which many a vacation reply is sent."""
    check_form(mail.parsed)
    why = reports.failure(mail)
    if to.seat is not None and why is not None:
        reports.count(mail, to.seat.membership.person, why)
        return COUNTED
    if _is_programs(mail, mail.parsed):
        return DROPPED
    raise Declined("Only reports of delivery are read here; please answer the mail itself.")


def _is_programs(mail: Arrived, parsed: Parsed) -> bool:
    """Whether no person wrote it, or it is ours and came back. Vacation replies would fill any quarantine."""
    why = parsed.auto or ("the null sender" if not mail.sender else "") or ("a loop" if _is_ours(parsed.own) else "")
    if why:
        check_form(parsed)
        log.info("dropped a mail of %s: no person wrote it (%s)", mail.writer or "nobody", why)
    return bool(why)


def _is_ours(own: MessageId | None) -> bool:
    if own is None or own.domain.lower() != settings.MAIL_DOMAIN.lower():
        return False
    return event_seq(own) is not None or Message.objects.filter(id=own.message, channel=own.channel).exists()


def _farewell(mail: Arrived, channel: Channel) -> Answer:
    """From one who is out: the mail by which they left, again, or one that comes too late."""
    if commands.read(mail.parsed) == commands.LEAVE:
        return DONE
    raise judging.gone(channel)


def _do(parsed: Parsed, mail: Arrived, channel: Channel, writer: Writer) -> Answer:
    """What a person says. Raises `Unwanted`, and the refusals of the verbs."""
    command = commands.read(parsed) if writer.signed else None
    if command is not None:
        commands.obey(command, guest=writer.person, channel=channel.id)
        return DONE
    if parsed.pinned or parsed.chat_content == "message-unpinned":
        raise Declined("Messages can't be pinned by mail.")
    target = Targets(channel, [parsed]).find(parsed)
    if incoming.act(parsed, target, person=writer.person, origin=ORIGIN):
        return DONE
    _post(mail, channel, writer, _thread(mail, channel, target))
    return POSTED


def _thread(mail: Arrived, channel: Channel, target: str | None) -> str | None:
    """The message a mail answers. A chat client names the latest one in each mail; it answers one by quoting it."""
    parsed = mail.parsed
    if mail.is_chat:
        return target if (parsed.quoted or "").lstrip().startswith(">") else None
    return target or subjects.thread_of(channel, parsed.subject)


def _post(mail: Arrived, channel: Channel, writer: Writer, thread: str | None) -> None:
    person, parsed = writer.person, mail.parsed
    client_id = _client_id(mail, channel, writer)
    if parsed.attachments:  # they are stored first, which must not be for nothing
        access.channel(person, channel.id, policy.posting_action(channel.kind, thread is not None))
        if Message.objects.filter(author=person, client_id=client_id).exists():
            return
    what = incoming.posting_of(
        parsed, person=person, channel=channel.id, thread=thread, client_id=client_id, origin=ORIGIN
    )
    (outcome,) = posting.post_many([what])
    if isinstance(outcome, Refusal):
        raise outcome
    if outcome.fresh and thread is None and not mail.is_chat:
        subjects.keep(channel, outcome.message["id"], parsed.subject)


def _client_id(mail: Arrived, channel: Channel, writer: Writer) -> str:
    """By the Message-ID, else by the bytes: but for what servers write into them on the way."""
    same = (mail.parsed.message_id or "").encode("utf-8", "replace") or without_trace(mail.raw)
    return incoming.client_id(writer.person.id.encode() + b"\0" + same, channel=channel.id, origin=ORIGIN)


def _is_too_fast(key: str) -> bool:
    """Counts what comes within a minute."""
    key = f"guests:pace:{key}"
    try:
        cache.add(key, 0, 60)
        return cache.incr(key) > MOST_A_MINUTE
    except Exception as error:  # without the cache, or when the minute ended in between, nobody is held up
        log.warning("the pace of mails is not known: %s", error)
        return False
