"""Who writes, and whether that is believed.

A guest is known by the signed address, which only they were given, together with From. Yet whoever gets a copy of their
answer, or a mail they forward, sees that address as well; so it does not outweigh a domain in From that could prove
its mail and did not, or says that this one is not its own. Everybody else who is in the channel is known by From alone,
so that has to be vouched for: guests whose programs drop the tag of an address, and members who write from their
mailbox.

Who vouches: our own checks of what comes straight from the internet (SPF, DKIM, DMARC, ARC: `checks.verdicts`); of what
a relay hands over the Authentication-Results of servers we trust (TRUSTED_AUTHSERV), and where these say nothing, a
signature we check (CHECK_DKIM).

| vouched | the guest at their signed address | another who is in the channel | anybody else |
|---|---|---|---|
| pass | posted | posted | refused; at a signed address: see below |
| unknown: nothing is said of this domain's mail | posted | quarantine | the same |
| doubtful: it could be known, and was not | quarantine | quarantine | the same |
| fail: its domain asks to refuse it | refused | refused | refused |

Somebody else at a guest's signed address is refused where the sender's server reads the answer itself, and is kept in
quarantine when a relay has taken the mail: its report of the refusal would go to whoever was forged. For the same
reason nothing is ever answered by a mail. Whoever replays a mail of a guest as it was changes nothing: its Message-ID
is known. Reports of delivery (`reports`) are believed by their signed address alone: servers seldom sign them. What
other programs write is dropped, unless it is a forgery that can be refused to its sender's face.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models.functions import Lower
from django.utils import timezone

from channels_app.chat.models import Channel, Membership, Seat
from channels_app.guests.receiving.addressed import Addressed
from channels_app.guests.receiving.answers import Declined
from channels_app.guests.receiving.arrived import Arrived
from channels_app.letters.outgoing import shown_name
from channels_app.letters.unwanted import Unwanted
from workspace.people.models import Person


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes; `signed`: by their own signed address, so that it is them who answer a mail of ours."""

    person: Person
    seat: Seat | None
    signed: bool


def judge(to: Addressed, mail: Arrived) -> Writer:
    """Who writes. Raises `Declined` for whom may not, `Unwanted` for what may be a forgery."""
    refuse_forged(mail)
    if to.seat is not None and to.seat.membership.person.email.lower() == mail.writer:
        if mail.vouched == "doubtful":
            raise Unwanted("nothing proves the sender, whose domain could (DMARC, SPF or DKIM)")
        return Writer(to.seat.membership.person, _valid(to.seat, to.channel), signed=True)
    inside = _inside(to.channel, mail.writer)
    if inside is None:
        raise _outsider(to, mail)
    if mail.vouched != "pass":
        raise _stranger(mail) if to.seat is not None else Unwanted("nobody vouches for the sender")
    return Writer(inside.person, _valid(_seat_of(inside), to.channel), signed=False)


def refuse_forged(mail: Arrived) -> None:
    """Raises `Declined` for a mail that its domain asks to refuse."""
    if mail.vouched == "fail":
        why = mail.checked.why if mail.checked is not None else ""
        raise Declined(why or "The domain in From says that this mail does not come from there (DMARC).")


_OTHER = "somebody else writes to this guest's address"


def _inside(channel: Channel, email: str) -> Membership | None:
    rows = Membership.objects.select_related("person", "seat").annotate(email=Lower("person__email"))
    return rows.filter(channel=channel, email=email, person__active=True).first() if email else None


def _outsider(to: Addressed, mail: Arrived) -> Exception:
    if to.seat is None:
        return Declined("Only those who take part in this channel can write to it; ask one of them to invite you.")
    return _stranger(mail)


def _stranger(mail: Arrived) -> Exception:
    """Of whom writes to the signed address of somebody else."""
    if mail.is_direct:
        return Declined("This address was given to somebody else: write from the mailbox that got it.")
    return Unwanted(_OTHER if mail.writer else "no sender")


def _seat_of(membership: Membership) -> Seat | None:
    return getattr(membership, "seat", None)


def _valid(seat: Seat | None, channel: Channel) -> Seat | None:
    if seat is not None:
        over = seat.expires_at is not None and seat.expires_at <= timezone.now()
        if over or not seat.membership.person.active:
            raise gone(channel)
    return seat


def gone(channel: Channel) -> Declined:
    """What those are told who were a guest once."""
    return Declined(f"You no longer take part in {shown_name(channel)}.")
