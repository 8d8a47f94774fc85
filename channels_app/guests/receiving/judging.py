"""Who writes, and whether that is believed.

A guest is known by the signed address, which only they were given, together with From. Everybody else who is in the
channel is known by From alone, so one of the servers we trust has to vouch for it: guests whose programs drop the tag
of an address, and members who write from their mailbox.
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
    if mail.vouched == "fail":
        raise Declined("The domain in From says that this mail does not come from there (DMARC).")
    if to.seat is not None and to.seat.membership.person.email.lower() == mail.writer:
        return Writer(to.seat.membership.person, _valid(to.seat, to.channel), signed=True)
    inside = _inside(to.channel, mail.writer)
    if inside is None:
        raise _outsider(to, mail)
    if mail.vouched != "pass":
        raise Unwanted("nobody vouches for the sender" if to.seat is None else _OTHER)
    return Writer(inside.person, _valid(_seat_of(inside), to.channel), signed=False)


_OTHER = "somebody else writes to this guest's address"


def _inside(channel: Channel, email: str) -> Membership | None:
    rows = Membership.objects.select_related("person", "seat").annotate(email=Lower("person__email"))
    return rows.filter(channel=channel, email=email, person__active=True).first() if email else None


def _outsider(to: Addressed, mail: Arrived) -> Exception:
    if to.seat is None:
        return Declined("Only those who take part in this channel can write to it; ask one of them to invite you.")
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
