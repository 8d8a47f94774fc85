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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db import transaction

from channels_app.chat.models import Channel, Message, Seat, Share
from channels_app.chat.posting import Outcome
from channels_app.guests import loop
from channels_app.guests.receiving import addressed, commands, deeds, judging, readable, reports, strangers
from channels_app.guests.receiving.addressed import Addressed, SeatsOf
from channels_app.guests.receiving.answers import AGAIN, COUNTED, DONE, DROPPED, POSTED, SLOWER, Answer, Declined
from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.receiving.checks.verdicts import Checked
from channels_app.guests.receiving.judging import Writer
from channels_app.guests.receiving.pace import pace
from channels_app.guests.receiving.settling import Settling
from channels_app.guests.secure import handshake, opening
from channels_app.guests.sharing import receiving as sharing
from channels_app.letters.targets import Targets
from channels_app.letters.unwanted import check_form
from channels_app.mail import BOUNCE, REPLY, MessageId, Parsed, event_seq, securejoin
from workspace.people.models import Person

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A mail as it was handed over: `raw` bytes, and the envelope (`sender` is empty for the null sender).

    `checked` is what we found out ourselves of who sent it.
    """

    raw: bytes
    sender: str
    recipients: Sequence[str]
    checked: Checked | None = None


def take_in(raw: bytes, *, recipient: str, sender: str, checked: Checked | None = None) -> Answer:
    """Settle a mail for one address; `sender` is the envelope's, empty for the null sender. Never raises."""
    return take_in_all([Delivery(raw, sender, [recipient], checked)])[0][0]


def take_in_all(deliveries: Sequence[Delivery]) -> list[list[Answer]]:
    """Settle mails, each for each of its recipients by itself: their answers, in the same order. Never raises."""
    mails = [(Arrived(one.raw, one.sender, one.checked), one.recipients) for one in deliveries]
    each = [[Settling(mail, recipient) for recipient in recipients] for mail, recipients in mails]
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


def _settle(mails: Sequence[Settling]) -> None:
    for one in mails:
        one.attempt(_take_elsewhere)
    for_us = _open(mails)
    seats = addressed.seats_of((one.recipient, one.mail.writer) for one in for_us) if for_us else {}
    for one in for_us:
        one.attempt(partial(_look, seats=seats))
    for group in _by_channel(_open(for_us)):
        _decide_all(group)
    posts = [one for one in _open(for_us) if isinstance(one.deed, deeds.Post)]
    if len(posts) > 1:
        _post_together(posts)
    for one in _open(for_us):
        one.attempt(_do)


def _open(mails: Sequence[Settling]) -> list[Settling]:
    """Those without an answer yet."""
    return [one for one in mails if one.answer is None]


def _take_elsewhere(one: Settling) -> None:
    """What is for no channel and no member: a test of ours, and what another server writes."""
    one.answer = DONE if loop.note(one.mail, one.recipient) else sharing.take_in(one.mail, one.recipient)


def _by_channel(mails: Sequence[Settling]) -> list[list[Settling]]:
    groups: dict[str, list[Settling]] = defaultdict(list)
    for one in mails:
        if isinstance(one.to, Addressed):
            groups[one.to.channel.id].append(one)
    return list(groups.values())


def _look(one: Settling, seats: SeatsOf) -> None:
    """Whose address it is, what the mail is, and who writes."""
    offer = sharing.offered(one.mail, one.recipient)
    channel = offer.channel if offer is not None else None
    to = Addressed(channel, REPLY) if channel else addressed.resolve(one.recipient, one.mail.writer, seats)
    one.to = to
    if not isinstance(to, Person) and to.purpose == BOUNCE:
        one.deed = _report(one.mail, to)
        return
    if one.mail.is_direct:
        judging.refuse_forged(one.mail)
    if offer is not None:
        _look_at_answer(one, offer)
    elif isinstance(to, Person):
        _look_for(one, to)
    else:
        _look_into(one, to)


def _look_into(one: Settling, to: Addressed) -> None:
    """What comes to a channel."""
    one.inside = mail = opening.opened(one.mail, to.channel)
    step = securejoin.read_step(mail.headers)
    if step is not None:
        one.deed = partial(handshake.settle, mail, step, to.channel)
    elif _is_programs(mail, mail.opening):
        one.answer = DROPPED
    elif to.former is not None:
        one.answer = _farewell(mail, to.channel)
    else:
        writer = opening.writer(mail, to.channel) or judging.judge(to, mail)
        if _read(one, f"{to.channel.id}:{writer.person.id}"):
            one.writer = writer


def _look_for(one: Settling, member: Person) -> None:
    """What comes to a member's own address."""
    mail = one.mail
    strangers.check(member, mail)
    if _is_programs(mail, mail.opening):
        one.answer = DROPPED
        return
    known = strangers.judge(member, mail)
    if _read(one, f"{member.org_id}:{mail.writer}", *([] if known else [f"{member.id}:strangers"])):
        one.deed = partial(_talk, mail, member, known) if known else partial(strangers.ask, member, mail)


def _look_at_answer(one: Settling, offer: Share) -> None:
    """What a person answers who was offered a channel."""
    if _is_programs(one.mail, one.mail.opening):
        one.answer = DROPPED
    elif _read(one, f"{offer.channel_id}:{one.mail.writer}"):
        one.deed = partial(_come_in, one.mail, offer)


def _read(one: Settling, *paces: str) -> bool:
    """Read all of a mail that may go on; False where it ends: there are too many, or a program wrote it."""
    if any(pace.is_too_fast(key) for key in paces):
        one.answer = SLOWER
    elif _is_programs(one.inside, one.inside.parsed):
        one.answer = DROPPED
    else:
        check_form(one.inside.parsed)
        readable.check(one.inside.parsed)
    return one.answer is None


def _come_in(mail: Arrived, offer: Share) -> Answer:
    """They are in only with a mail that is believed: one transaction."""
    seat = sharing.come_in(offer, mail)
    channel = seat.membership.channel
    return deeds.say(mail, channel, judging.judge(Addressed(channel, REPLY, seat), mail))


def _talk(mail: Arrived, member: Person, known: Person) -> Answer:
    """In the conversation of the two."""
    return deeds.say(mail, strangers.conversation(member, known), Writer(known, None, signed=False))


def _report(mail: Arrived, to: Addressed) -> deeds.Deed:
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


def _decide_all(mails: Sequence[Settling]) -> None:
    """What each of these mails to one channel asks for; what they answer is looked up at once."""
    written = [one for one in mails if one.writer is not None]
    if not written or not isinstance(written[0].to, Addressed):
        return
    targets = Targets(written[0].to.channel, [one.inside.parsed for one in written])
    for one in written:
        one.attempt(partial(_decide, targets=targets))


def _decide(one: Settling, targets: Targets) -> None:
    assert isinstance(one.to, Addressed) and one.writer is not None
    channel, mail = one.to.channel, one.inside
    if isinstance(mail, opening.Opened):
        one.deed = partial(deeds.say_sealed, mail, channel, one.writer)
    else:
        one.deed = deeds.asked(mail, channel, one.writer, targets.find(mail.parsed))


def _do(one: Settling) -> None:
    """What one mail asks for, in a transaction."""
    deed = one.deed
    assert deed is not None
    with transaction.atomic():
        one.answer = deeds.done(deed)


def _post_together(mails: Sequence[Settling]) -> None:
    """The messages of several mails in one transaction; when that can't be, each gets one of its own later."""
    posts = [one.deed for one in mails if isinstance(one.deed, deeds.Post)]
    try:
        with transaction.atomic():
            outcomes = deeds.write(posts)
    except Exception as error:
        log.info("%d mails could not be posted together: %r", len(posts), error)
        return
    for one, outcome in zip(mails, outcomes, strict=True):
        one.attempt(partial(_note, outcome=outcome))


def _note(one: Settling, outcome: Outcome) -> None:
    deeds.raise_refusal(outcome)
    one.answer = POSTED
