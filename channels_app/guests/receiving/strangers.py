"""Mail to a member's own address: from somebody who is known here, or from a stranger, who asks to be heard.

Whoever it says it is from has to be vouched for by a server we trust; there is no signed address that would say so.
"""

from __future__ import annotations

from channels_app.chat import guests
from channels_app.chat.models import Channel
from channels_app.guests import requests
from channels_app.guests.receiving import judging
from channels_app.guests.receiving.answers import Answer, Declined, nobody
from channels_app.guests.receiving.arrived import Arrived
from channels_app.letters.unwanted import Unwanted
from workspace.people.models import Person

ASKED = Answer(250, "2.0.0", "It waits for the person you wrote to.")


def check(member: Person, mail: Arrived) -> None:
    """Whether the member hears of this sender at all. Raises `Declined`: for whom they blocked, there is nobody."""
    if mail.writer and requests.is_blocked(member, mail.writer):
        raise nobody()


def judge(member: Person, mail: Arrived) -> Person | None:
    """Who writes, None for a stranger who may ask. Before what is in the mail is read.

    Raises `Declined`, `Unwanted` for what may be a forgery, and `TooLarge`.
    """
    judging.refuse_forged(mail)
    if not mail.writer:
        raise Unwanted("no sender")
    if mail.vouched != "pass":
        raise Unwanted("nobody vouches for the sender")
    known = Person.objects.active().select_related("org").filter(org_id=member.org_id, email=mail.writer).first()
    if known is None and not guests.brings_in(member):
        raise Declined("This person takes no mail from people who are not known here.")
    if known is None:
        requests.check_size(len(mail.raw))
    return known


def ask(member: Person, mail: Arrived) -> Answer:
    """A stranger's mail goes into the tray. Raises `Declined` when there is no room, and the refusals of the verb."""
    try:
        requests.receive(person=member, mail=mail)
    except requests.Full as full:
        raise Declined(full.message, code=452, status="4.2.2") from None
    return ASKED


def conversation(member: Person, writer: Person) -> Channel:
    """Where these two talk, made when they never did."""
    return guests.talk(person=member, email=writer.email)
