"""Verbs on links by which people ask to be guests of a channel, and on who asks.

made --asked--> a request waits --approved--> a guest, by the one welcome
                                '--declined--> gone; nobody is told
Who asks gets no mail before somebody approves: the address may be another's. By a link without approval, which is for
admins, an address that is new to the organization is in at once; any other waits like the rest, since it may be of
somebody who left. A link ends with its time, with `most`, or when its maker may not invite any more. Its maker, the
channel's admins and those of the organization answer; they hear of it in their own streams, because a stranger's
address is nothing for the whole channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from channels_app.chat import access, guests, shapes
from channels_app.chat.kinds import GuestAnswered, GuestAsked, LinkEnded, LinkTold
from channels_app.chat.models import Channel, GuestLink, GuestRequest, Membership, Seat
from channels_app.chat.policy import allows
from workspace.events import log
from workspace.events.refusal import Forbidden, Invalid, NotFound, Refusal, TooMany
from workspace.people import names
from workspace.people.models import Person, Role

MOST_LINKS = 50
MOST_WAITING = 100
MOST_GUESTS = 1000
FULL_SECONDS = 3600
ADMINS = (Role.OWNER, Role.ADMIN)


@transaction.atomic
def make(
    *,
    person: Person,
    channel: str,
    approval: bool = True,
    most: int | None = None,
    expires_at: datetime | None = None,
) -> GuestLink:
    """A new link to a channel, for at most `most` guests and until `expires_at` (None: without end).

    Raises as `guests.invite`; `Forbidden` for a link without approval to anybody but admins.
    """
    place = guests.inviting(person, channel)
    if not approval:
        access.channel(person, channel, "guests.open_link")
    if most is not None and not 0 < most <= MOST_GUESTS:
        raise Invalid(f"A link is for 1 to {MOST_GUESTS} guests.", fields={"most": "how many"})
    if expires_at is not None and expires_at <= timezone.now():
        raise Invalid("A link must end in the future.", fields={"expires_at": "past"})
    _locked_channel(place.id)
    if GuestLink.objects.filter(channel=place).count() >= MOST_LINKS:
        raise Invalid(f"A channel has at most {MOST_LINKS} links; end one first.")
    link = GuestLink.objects.create(channel=place, maker=person, approval=approval, most=most, expires_at=expires_at)
    log.append(_told(link, person))
    return link


@transaction.atomic
def revoke(*, person: Person, link: str) -> None:
    """End a link; who asked by it still waits. Raises `NotFound`, `Forbidden`."""
    rows = GuestLink.objects.select_related("maker").filter(id=link, channel__org_id=person.org_id)
    row = rows.first()
    if row is None:
        raise NotFound("There is no such link.")
    _answering(person, row.channel_id, row.maker_id)
    _locked_channel(row.channel_id)
    if not rows.exists():  # somebody else ended it at this moment
        return
    ended: LinkEnded = {"id": row.id, "channel": row.channel_id}
    row.delete()
    log.append(log.Draft(row.maker.stream, "link.ended", ended, person.id))


@transaction.atomic
def ask(*, link: str, email: str, name: str) -> bool:
    """Somebody with an address asks by a link; whether they are in at once.

    An address that waits or sits there already changes nothing, and the answer does not tell. Raises as `usable`,
    `Invalid` for a bad address or name, `TooMany` when too many wait.
    """
    row = usable(link)
    address, called = names.clean_email(email), names.clean_name(name)
    _locked_channel(row.channel_id)
    waiting = GuestRequest.objects.filter(channel=row.channel_id)
    seated = Seat.objects.filter(membership__channel=row.channel_id, membership__person__email=address)
    if waiting.filter(email=address).exists() or seated.exists():
        return False
    if waiting.count() >= MOST_WAITING:
        raise TooMany("Too many people wait for an answer here; try again later.", retry_after=FULL_SECONDS)
    known = Person.objects.filter(org_id=row.channel.org_id, email=address).exists()
    if not row.approval and not known:
        guest = guests.by_address(row.maker, address, called)
        drafts = guests.take_in(row.channel, guest, by=row.maker)
        log.append(*drafts, _counted(row, row.maker))
        return True
    request = GuestRequest.objects.create(channel=row.channel, link=row, maker=row.maker, email=address, name=called)
    told: GuestAsked = {"request": shapes.guest_request(request)}
    if asking := [log.Draft(person.stream, "guest.asked", told) for person in _answerers(request)]:
        log.append(*asking)
    return False


@transaction.atomic
def approve(*, person: Person, request: str) -> Seat:
    """Let somebody in who asks; the maker of the link vouches for them, or else who approves.

    Raises as `guests.invite`, `NotFound` when it is answered already.
    """
    row = _request(person, request)
    channel = guests.inviting(person, row.channel_id)
    guest = guests.by_address(person, row.email, row.name)
    drafts = guests.take_in(channel, guest, by=person, sponsor=row.maker if _vouches(row) else person)
    if row.link is not None:
        row.link.maker = row.maker
        drafts.append(_counted(row.link, person))
    log.append(*drafts, *_answered(row, person, accepted=True))
    return Seat.objects.select_related("membership__person").get(membership__channel=channel, membership__person=guest)


@transaction.atomic
def decline(*, person: Person, request: str) -> None:
    """Let somebody who asks not in; they are not told. Raises `NotFound`, `Forbidden`."""
    row = _request(person, request)
    if drafts := _answered(row, person, accepted=False):
        log.append(*drafts)


def usable(link: str) -> GuestLink:
    """A link that still leads somewhere, with its channel, organization and maker. Raises `NotFound`."""
    row = GuestLink.objects.select_related("channel__org", "maker__org").filter(id=link).first()
    gone = NotFound("This link leads nowhere any more.")
    if row is None or not row.maker.active or (row.expires_at is not None and row.expires_at <= timezone.now()):
        raise gone
    try:
        guests.inviting(row.maker, row.channel_id)
        if not row.approval:
            access.channel(row.maker, row.channel_id, "guests.open_link")
    except Refusal:
        raise gone from None
    if row.most is not None and row.came + row.requests.count() >= row.most:
        raise gone
    return row


def links(person: Person, channel: str) -> list[GuestLink]:
    """The links of a channel that this person may end, the newest first. Raises as `access.channel`."""
    seen = access.channel(person, channel, "guests.list")
    rows = GuestLink.objects.filter(channel=seen.channel).order_by("-id")
    return [
        row
        for row in rows.select_related("maker")[:MOST_LINKS]
        if allows("guests.answer", guests.standing(seen, person, whose=row.maker_id))
    ]


def waiting(person: Person, *, after: str = "", limit: int) -> Sequence[GuestRequest]:
    """Those who wait for an answer that this person may give, in the order they asked, after one of them."""
    inside = Membership.objects.filter(person=person)
    mine = Q(channel__in=inside.filter(role=Membership.Role.ADMIN).values("channel"))
    mine |= Q(maker=person, channel__in=inside.values("channel"))
    if person.is_admin:
        mine = Q(channel__in=Channel.objects.filter(access.visible_channels(person)))
    elif person.is_guest:
        return []
    rows = GuestRequest.objects.filter(mine, channel__org_id=person.org_id, channel__deleted_at=None)
    return list(rows.filter(id__gt=after).order_by("id")[:limit])


def _answerers(row: GuestRequest) -> QuerySet[Person]:
    """Those to whom `waiting` shows a request."""
    inside = Membership.objects.filter(channel=row.channel)
    seeing = Q() if row.channel.is_open else Q(id__in=inside.values("person"))
    may = Q(id__in=inside.filter(role=Membership.Role.ADMIN).values("person")) | (Q(role__in=ADMINS) & seeing)
    may |= Q(id=row.maker_id, id__in=inside.values("person"))
    return Person.objects.active().filter(may, org_id=row.channel.org_id).exclude(role=Role.GUEST).order_by("id")


def _answering(person: Person, channel: str, maker: str) -> None:
    seen = access.channel(person, channel, "guests.list")
    if not allows("guests.answer", guests.standing(seen, person, whose=maker)):
        raise Forbidden()


def _request(person: Person, id: str) -> GuestRequest:
    """A request that this person may answer; of two who answer one is the first."""
    rows = GuestRequest.objects.select_related("channel", "maker", "link")
    rows = rows.filter(id=id, channel__org_id=person.org_id, channel__deleted_at=None)
    row = rows.first()
    if row is not None:
        _answering(person, row.channel_id, row.maker_id)
        _locked_channel(row.channel_id)
        row = rows.first()
    if row is None:
        raise NotFound("Nobody waits for this answer any more.")
    return row


def _answered(row: GuestRequest, by: Person, *, accepted: bool) -> list[log.Draft]:
    told: GuestAnswered = {"id": row.id, "channel": row.channel_id, "accepted": accepted}
    drafts = [log.Draft(person.stream, "guest.answered", told, by.id) for person in _answerers(row)]
    row.delete()
    return drafts


def _vouches(row: GuestRequest) -> bool:
    inside = Membership.objects.filter(channel=row.channel, person=row.maker, person__active=True)
    return inside.exclude(person__role=Role.GUEST).exists()


def _counted(link: GuestLink, by: Person) -> log.Draft:
    """One more came in by a link; the channel's lock is held."""
    GuestLink.objects.filter(id=link.id).update(came=F("came") + 1)
    link.refresh_from_db(fields=["came"])
    return _told(link, by)


def _told(link: GuestLink, by: Person) -> log.Draft:
    told: LinkTold = {"link": shapes.guest_link(link)}
    return log.Draft(link.maker.stream, "link.changed", told, by.id)


def _locked_channel(channel: str) -> None:
    """Whoever makes or ends links to a channel, asks or answers takes turns with the others."""
    Channel.objects.select_for_update(no_key=True).get(id=channel)
