"""Mail for a channel's address becomes what it says: a post, an act on a message, a command; or it is answered why not.

                                            a report        of delivery: counted (`reports`)
    mail → address → opened (`secure`) → what is it ─ a program's     dropped, or a step of joining (`secure`)
                                            a person's      who writes (`judging`) → a command, an act, a post

To a member's own address: who is known here goes on in the conversation of the two, anybody else asks (`strangers`).

| answer | what became of the mail |
|---|---|
| 250 | done, or dropped (programs'), or in quarantine: it may be a forgery, or nobody can read it |
| 550 | refused; its sender reads why |
| 451 | nothing: try again |

Mails that come at the same time are looked at together, and their messages written in one transaction; everything else
a mail asks for has a transaction of its own. A server that got no answer hands it over again, so doing so twice is
harmless: a post is known by its Message-ID, everything else changes nothing the second time.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from channels_app.chat import access, policy, posting
from channels_app.chat.access import Archived
from channels_app.chat.models import Channel, Kind, Message, Seat
from channels_app.chat.posting import Outcome, Posting
from channels_app.guests import ORIGIN, loop
from channels_app.guests.receiving import addressed, commands, judging, readable, reports, strangers, subjects
from channels_app.guests.receiving.addressed import Addressed, SeatsOf
from channels_app.guests.receiving.answers import AGAIN, Answer, Declined
from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.receiving.checks.verdicts import Checked
from channels_app.guests.receiving.judging import Writer
from channels_app.guests.receiving.pace import pace
from channels_app.guests.secure import acts, handshake, opening
from channels_app.guests.sharing import receiving as sharing
from channels_app.letters import incoming, quarantine
from channels_app.letters.targets import Targets
from channels_app.letters.unwanted import Unwanted, check_form
from channels_app.mail import BOUNCE, MessageId, Parsed, event_seq, parse_message_id, securejoin
from workspace.events.refusal import Refusal, TooLarge
from workspace.people.models import Person

log = logging.getLogger(__name__)

POSTED = Answer(250, "2.0.0", "It is in the channel.")
DONE = Answer(250, "2.0.0", "It is done.")
COUNTED = Answer(250, "2.0.0", "Thank you for the report.")
DROPPED = Answer(250, "2.0.0", "Taken, but nobody will read it: a program wrote it.")
KEPT = Answer(250, "2.0.0", "Taken, but kept back until somebody has looked at it.")
SLOWER = Answer(451, "4.7.1", "Too many mails at once; try again in a minute.")

# Nothing is known of the mail then, and the next try may find the database, or the disk, well again.
_TROUBLE = (OperationalError, InterfaceError, OSError)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mail as it was handed over: `raw` bytes, and the envelope (`sender` is empty for the null sender).

    `checked` is what we found out ourselves of who sent it.
    """

    raw: bytes
    sender: str
    recipients: Sequence[str]
    checked: Checked | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A message to be posted, which may go with others; `subject` is kept if a thread begins with it."""

    channel: Channel
    what: Posting
    subject: str = ""


Deed = Post | Callable[[], Answer]


def take_in(raw: bytes, *, recipient: str, sender: str, checked: Checked | None = None) -> Answer:
    """Settle a mail for one address; `sender` is the envelope's, empty for the null sender. Never raises."""
    return take_in_all([Delivery(raw, sender, [recipient], checked)])[0][0]


def take_in_all(deliveries: Sequence[Delivery]) -> list[list[Answer]]:
    """Settle mails, each for each of its recipients by itself: their answers, in the same order. Never raises."""
    mails = [(Arrived(one.raw, one.sender, one.checked), one.recipients) for one in deliveries]
    each = [[_Settling(mail, recipient) for recipient in recipients] for mail, recipients in mails]
    try:
        _settle([one for some in each for one in some])
    except Exception:
        log.exception("could not take in mails")
    return [[one.answer or AGAIN for one in some] for some in each]


def check(recipient: str) -> Answer | None:
    """Why mail for an address needs not even be sent; None when it may be. Never raises."""
    try:
        if not sharing.is_for_us(recipient) and not loop.awaits(recipient):
            addressed.check(recipient)
    except Declined as declined:
        return declined.answer
    except Exception:
        log.exception("could not look up %r", recipient)
        return AGAIN
    return None


class _Settling:
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

    def attempt(self, step: Callable[[_Settling], None]) -> None:
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
            return _keep(self.mail, place, self.recipient, why)
        except Exception:
            log.exception("could not keep a mail for %r", self.recipient)
            return AGAIN


def _declined(refusal: Refusal) -> Declined:
    if isinstance(refusal, Archived):
        return Declined(refusal.message, status="5.2.1")
    if isinstance(refusal, TooLarge):
        return Declined(refusal.message, status="5.3.4", code=552)
    return Declined(refusal.message)


def _keep(mail: Arrived, place: Channel | Person, recipient: str, why: str) -> Answer:
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


# The steps


def _settle(mails: Sequence[_Settling]) -> None:
    seats = addressed.seats_of((one.recipient, one.mail.writer) for one in mails)
    for one in mails:
        one.attempt(partial(_look, seats=seats))
    open_ones = [one for one in mails if one.answer is None]
    for group in _by_channel(open_ones):
        _decide_all(group)
    posts = [one for one in open_ones if isinstance(one.deed, Post) and one.answer is None]
    if len(posts) > 1:
        _post_together(posts)
    for one in open_ones:
        if one.answer is None:
            one.attempt(_do)


def _by_channel(mails: Sequence[_Settling]) -> list[list[_Settling]]:
    groups: dict[str, list[_Settling]] = defaultdict(list)
    for one in mails:
        if isinstance(one.to, Addressed):
            groups[one.to.channel.id].append(one)
    return list(groups.values())


def _look(one: _Settling, seats: SeatsOf) -> None:
    """Whose address it is, what the mail is, and who writes."""
    answer = DONE if loop.note(one.mail, one.recipient) else sharing.take_in(one.mail, one.recipient)
    if answer is not None:
        one.answer = answer
        return
    one.to = to = sharing.answered(one.mail, one.recipient) or addressed.resolve(one.recipient, one.mail.writer, seats)
    if not isinstance(to, Person) and to.purpose == BOUNCE:
        one.deed = _report(one.mail, to)
        return
    if one.mail.is_direct:
        judging.refuse_forged(one.mail)
    if isinstance(to, Person):
        _look_for(one, to)
        return
    one.inside = mail = opening.opened(one.mail, to.channel)
    step = securejoin.read_step(mail.headers)
    if step is not None:
        one.deed = partial(handshake.settle, mail, step, to.channel)
    elif _is_programs(mail, mail.opening):
        one.answer = DROPPED
    elif to.former is not None:
        one.answer = _farewell(mail, to.channel)
    else:
        one.writer = opening.writer(mail, to.channel) or judging.judge(to, mail)
        if pace.is_too_fast(f"{to.channel.id}:{one.writer.person.id}"):
            one.answer = SLOWER
        elif _is_programs(mail, mail.parsed):
            one.answer = DROPPED
        else:
            check_form(mail.parsed)
            readable.check(mail.parsed)


def _look_for(one: _Settling, member: Person) -> None:
    """What comes to a member's own address."""
    mail = one.mail
    strangers.check(member, mail)
    if _is_programs(mail, mail.opening):
        one.answer = DROPPED
        return
    known = strangers.judge(member, mail)
    if pace.is_too_fast(f"{member.org_id}:{mail.writer}") or (not known and pace.is_too_fast(f"{member.id}:strangers")):
        one.answer = SLOWER
    elif _is_programs(mail, mail.parsed):
        one.answer = DROPPED
    else:
        check_form(mail.parsed)
        readable.check(mail.parsed)
        one.deed = partial(_talk, mail, member, known) if known else partial(strangers.ask, member, mail)


def _talk(mail: Arrived, member: Person, known: Person) -> Answer:
    """In the conversation of the two."""
    return _say(mail, strangers.conversation(member, known), Writer(known, None, signed=False))


def _report(mail: Arrived, to: Addressed) -> Deed:
    """What comes to the address that servers report to, and to which many a vacation reply is sent."""
    check_form(mail.parsed)
    why = reports.failure(mail)
    if to.seat is not None and why is not None:
        return partial(_count, mail, to.seat, why)
    if _is_programs(mail, mail.parsed):
        return lambda: DROPPED
    raise Declined("Only reports of delivery are read here; please answer the mail itself.")


def _count(mail: Arrived, seat: Seat, why: str) -> Answer:
    reports.count(mail, seat.membership.person, why)
    return COUNTED


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


def _decide_all(mails: Sequence[_Settling]) -> None:
    """What each of these mails to one channel asks for; what they answer is looked up at once."""
    written = [one for one in mails if one.writer is not None]
    if not written or not isinstance(written[0].to, Addressed):
        return
    targets = Targets(written[0].to.channel, [one.inside.parsed for one in written])
    for one in written:
        one.attempt(partial(_decide, targets=targets))


def _decide(one: _Settling, targets: Targets) -> None:
    assert isinstance(one.to, Addressed) and one.writer is not None
    channel, mail = one.to.channel, one.inside
    if isinstance(mail, opening.Opened):
        one.deed = partial(_say_sealed, mail, channel, one.writer)
    else:
        one.deed = _deed(mail, channel, one.writer, targets.find(mail.parsed))


def _say_sealed(mail: opening.Opened, channel: Channel, writer: Writer) -> Answer:
    """What an encrypted mail says, some of which is about the group, and some comes in several mails."""
    if (answer := acts.settle(mail, channel, writer)) is not None:
        return answer
    return _say(mail, channel, writer)


def _say(mail: Arrived, channel: Channel, writer: Writer) -> Answer:
    return _done(_deed(mail, channel, writer, Targets(channel, [mail.parsed]).find(mail.parsed)))


def _deed(mail: Arrived, channel: Channel, writer: Writer, target: str | None) -> Deed:
    """What a person asks for. Raises `Unwanted`, and the refusals of the verbs."""
    parsed = mail.parsed
    command = commands.read(parsed) if writer.signed or _is_guests_answer(parsed, channel, writer) else None
    if command is not None:
        return partial(_obey, command, writer, channel)
    if parsed.pinned or parsed.chat_content == "message-unpinned":
        raise Declined("Messages can't be pinned by mail.")
    if incoming.is_act(parsed, target):
        return partial(_act, parsed, writer, target)
    thread = _thread(mail, channel, target)
    if parsed.attachments:
        return partial(_post_with_files, mail, channel, writer, thread)
    return _post(mail, channel, writer, thread)


def _obey(command: str, writer: Writer, channel: Channel) -> Answer:
    commands.obey(command, guest=writer.person, channel=channel.id)
    return DONE


def _act(parsed: Parsed, writer: Writer, target: str | None) -> Answer:
    incoming.act(parsed, target, person=writer.person, origin=ORIGIN)
    return DONE


def _is_guests_answer(parsed: Parsed, channel: Channel, writer: Writer) -> bool:
    """Whether a guest answers a mail of ours with a program that drops the tag of its address (Microsoft 365)."""
    answered = parse_message_id(parsed.in_reply_to or "")
    return writer.seat is not None and answered is not None and answered.channel == channel.id


def _thread(mail: Arrived, channel: Channel, target: str | None) -> str | None:
    """The message a mail answers. A chat client names the latest one in each mail; it answers one by quoting it."""
    parsed = mail.parsed
    if mail.is_chat:
        return target if (parsed.quoted or "").lstrip().startswith(">") else None
    if channel.kind == Kind.DIRECT:  # letters go back and forth there, each in answer to the one before
        return target if target and Message.objects.filter(id=target, thread__isnull=False).exists() else None
    return target or subjects.thread_of(channel, parsed.subject)


def _post(mail: Arrived, channel: Channel, writer: Writer, thread: str | None) -> Post:
    what = incoming.posting_of(
        mail.parsed,
        person=writer.person,
        channel=channel.id,
        thread=thread,
        client_id=_known_as(mail, channel, writer),
        origin=ORIGIN,
    )
    begins = thread is None and not mail.is_chat
    return Post(channel, what, mail.parsed.subject if begins else "")


def _post_with_files(mail: Arrived, channel: Channel, writer: Writer, thread: str | None) -> Answer:
    """The files are stored first, which must not be for nothing."""
    access.channel(writer.person, channel.id, policy.posting_action(channel.kind, thread is not None))
    if not Message.objects.filter(author=writer.person, client_id=_known_as(mail, channel, writer)).exists():
        _raise_refusal(_write([_post(mail, channel, writer, thread)])[0])
    return POSTED


def _known_as(mail: Arrived, channel: Channel, writer: Writer) -> str:
    return incoming.same_id(mail.parsed, mail.raw, person=writer.person, channel=channel.id, origin=ORIGIN)


def _do(one: _Settling) -> None:
    """What one mail asks for, in a transaction."""
    deed = one.deed
    assert deed is not None
    with transaction.atomic():
        one.answer = _done(deed)


def _done(deed: Deed) -> Answer:
    if not isinstance(deed, Post):
        return deed()
    _raise_refusal(_write([deed])[0])
    return POSTED


def _post_together(mails: Sequence[_Settling]) -> None:
    """The messages of several mails in one transaction; when that can't be, each gets one of its own later."""
    posts = [one.deed for one in mails if isinstance(one.deed, Post)]
    try:
        with transaction.atomic():
            outcomes = _write(posts)
    except Exception as error:
        log.info("%d mails could not be posted together: %r", len(posts), error)
        return
    for one, outcome in zip(mails, outcomes, strict=True):
        one.attempt(partial(_note, outcome=outcome))


def _note(one: _Settling, outcome: Outcome) -> None:
    _raise_refusal(outcome)
    one.answer = POSTED


def _write(posts: Sequence[Post]) -> list[Outcome]:
    outcomes = posting.post_many([post.what for post in posts])
    subjects.keep(
        (post.channel, outcome.message["id"], post.subject)
        for post, outcome in zip(posts, outcomes, strict=True)
        if post.subject and not isinstance(outcome, Refusal) and outcome.fresh
    )
    return outcomes


def _raise_refusal(outcome: Outcome) -> None:
    if isinstance(outcome, Refusal):
        raise outcome
