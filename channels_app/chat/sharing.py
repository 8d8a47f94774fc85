"""Verbs on shares: channels that another organization has too, on its own server.

Here is who may share, and what the people are told; how the two servers write to each other is the carrier's
(`guests.sharing`). The lane of an active share has the share's name for a subscriber (`lane_of`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from channels_app.chat import access, channels, shapes
from channels_app.chat.kinds import ShareTold
from channels_app.chat.models import Channel, Kind, Share
from workspace.events import lanes, log
from workspace.events.models import Lane
from workspace.events.refusal import Conflict, Invalid, NotFound, TooMany
from workspace.people import names
from workspace.people.models import Organization, Person

LANE = "share:"
SHAREABLE = (Kind.PUBLIC, Kind.PRIVATE)
LIVE = (Share.State.OFFERED, Share.State.ACTIVE)
MOST_PENDING = 200
MOST_PENDING_OF_ONE = 5
WHY_LIMIT = 500
# What a share can be restored by, beside what its events say.
KNOWN_BY = (
    "code", "ours", "address", "org_name", "domain", "signer", "selector", "record", "peer_channel", "offer",
)  # fmt: skip
ORG_NAME_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side as its mail shows it (the fields of a `Share` that name it)."""

    address: str
    org_name: str
    domain: str
    signer: str
    selector: str
    record: str
    channel: str


def lane_of(share_id: str) -> str:
    """The subscriber's name of a share's lane."""
    return f"{LANE}{share_id}"


def org_domain(org: Organization) -> str:
    """What all mail of an organization comes from."""
    return f"{org.slug}.{settings.MAIL_DOMAIN}".lower()


@transaction.atomic
def offer(*, person: Person, channel: str, address: str) -> Share:
    """Offer a channel to whoever reads an address: another server, or a person.

    Raises as `access.channel`, `Invalid` for a bad address and for a channel that can't be shared, `Conflict` when it
    is shared or offered already.
    """
    seen = access.channel(person, channel, "shares.change")
    if seen.channel.kind not in SHAREABLE:
        raise Invalid("Only public and private channels can be shared.")
    email = names.clean_email(address)
    if email.rpartition("@")[2] == org_domain(person.org):
        raise Invalid("This is an address of your own organization.", fields={"address": "own"})
    share = Share(org=person.org, channel=seen.channel, address=email, by=person)
    _insert(share, "This channel is shared with somebody already; end that first.")
    _tell(share, "share.offered", person)
    return share


@transaction.atomic
def invited(*, org: Organization, code: str, peer: Peer, offer: dict[str, str]) -> Share | None:
    """Somebody offers a channel of theirs; None when it is known already. Raises `TooMany` when too many wait."""
    if Share.objects.filter(org=org, code=code).exists():
        return None
    waiting = Share.objects.filter(org=org, state=Share.State.PENDING)
    theirs = waiting.filter(domain=peer.domain).count()
    if theirs >= MOST_PENDING_OF_ONE or waiting.count() >= MOST_PENDING:
        raise TooMany("Too many offers wait for an answer.", retry_after=3600)
    share = Share(org=org, code=code, ours=False, state=Share.State.PENDING, due=None, offer=offer)
    _meet(share, peer)
    _insert(share, "This offer came at the same moment.")
    told: ShareTold = {"share": shapes.share(share)}
    log.append(log.Draft(org.stream, "share.offered", told))
    return share


def _insert(share: Share, why: str) -> None:
    try:
        with transaction.atomic():
            share.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict(why, fields={"channel": "shared"}) from error


@transaction.atomic
def approve(*, person: Person, share: str, name: str, kind: str = Kind.PRIVATE) -> Channel:
    """Take an offer: the channel is made here, under this name, and its maker is its admin.

    Raises `Forbidden`, `NotFound`, `Conflict` when it was answered already, `Invalid` for a kind that can't be shared,
    and as `channels.create`.
    """
    row = _pending(person, share)
    if kind not in SHAREABLE:
        raise Invalid("A shared channel is public or private.", fields={"kind": "unknown"})
    row.channel = channels.create(person=person, name=name, kind=kind, topic=row.offer.get("topic", ""))
    row.by = person
    _begin(row)
    told: ShareTold = {"share": shapes.share(row)}
    log.append(log.Draft(row.org.stream, "share.active", told, person.id))
    return row.channel


@transaction.atomic
def decline(*, person: Person, share: str) -> None:
    """Turn an offer down. Raises as `approve`."""
    _close(_pending(person, share), "It was declined.", person)


@transaction.atomic
def accepted(*, share: Share, peer: Peer) -> None:
    """The other side took our offer (`share` is locked). Raises `Conflict` when it is not offered any more."""
    if share.state != Share.State.OFFERED:
        raise Conflict("This is not offered any more.")
    _meet(share, peer)
    _begin(share)


@transaction.atomic
def end(*, person: Person, channel: str, share: str) -> None:
    """End a share, or take an offer of ours back: both sides keep what was said. Nothing happens a second time.

    Raises as `access.channel`, `NotFound`.
    """
    access.channel(person, channel, "shares.change")
    row = _locked().filter(id=share, channel=channel).first()
    if row is None:
        raise NotFound("There is no such share.")
    _close(row, "", person)


@transaction.atomic
def closed(*, share: Share, why: str) -> None:
    """The other side ended it, or can't be reached (`share` is locked). Nothing happens a second time."""
    _close(share, why, None)


def _close(share: Share, why: str, by: Person | None) -> None:
    if share.state == Share.State.ENDED:
        return
    share.state, share.why, share.attempts = Share.State.ENDED, why[:WHY_LIMIT], 0
    share.due = timezone.now() if by else None  # they know it already, or can't be told
    share.save(update_fields=["state", "why", "due", "attempts"])
    Lane.objects.filter(subscriber=lane_of(share.id)).delete()
    _tell(share, "share.ended", by)


def _meet(share: Share, peer: Peer) -> None:
    """Write down who the other side is. Another key for a domain that is known already is somebody else's.

    Raises `Conflict`.
    """
    share.address, share.org_name, share.domain = peer.address, _free_name(share, peer), peer.domain
    share.signer, share.selector, share.record = peer.signer, peer.selector, peer.record
    share.peer_channel = peer.channel
    known = Share.objects.filter(org=share.org_id, domain=peer.domain, state=Share.State.ACTIVE).exclude(id=share.id)
    if known.exclude(signer=peer.signer, record=peer.record).exists():
        raise Conflict("Another key is known for this domain.")


def _free_name(share: Share, peer: Peer) -> str:
    """How they call themselves, unless somebody else is called so: then their domain says who they are."""
    others = Share.objects.filter(org=share.org_id).exclude(domain__in=["", peer.domain]).exclude(id=share.id)
    taken = {name.casefold() for name in others.values_list("org_name", flat=True)} | {share.org.name.casefold()}
    name = names.clean_name(peer.org_name or peer.domain, limit=1000)[:ORG_NAME_LIMIT].rstrip()
    return peer.domain[:ORG_NAME_LIMIT] if name.casefold() in taken else name


def _begin(share: Share) -> None:
    """From now on; what was said before stays where it was said."""
    assert share.channel is not None
    share.state, share.due, share.attempts = Share.State.ACTIVE, timezone.now(), 0
    entry = _tell(share, "share.active", share.by)
    share.start = share.base = share.sent = share.acked = entry.seq - 1
    share.save()
    lanes.open_lane(lane_of(share.id), share.channel.stream, share.start)


def _tell(share: Share, kind: str, by: Person | None) -> log.Entry:
    """In the channel's stream; an offer that never had a channel is the organization's."""
    stream = share.channel.stream if share.channel else share.org.stream
    told: ShareTold = {"share": shapes.share(share)}
    actor = by.id if by else None
    if kind == "share.offered":
        draft = log.Draft(stream, "share.offered", told, actor)
    elif kind == "share.active":
        draft = log.Draft(stream, "share.active", told, actor)
    else:
        draft = log.Draft(stream, "share.ended", told, actor)
    (entry,) = log.append(draft)
    return entry


def _pending(person: Person, share: str) -> Share:
    access.require(person, "shares.answer")
    row = _locked().filter(id=share, org=person.org_id, channel=None).first()
    if row is None:
        raise NotFound("There is no such offer.")
    if row.state != Share.State.PENDING:
        raise Conflict("This offer was answered already.")
    return row


def _locked() -> QuerySet[Share]:
    return Share.objects.select_related("org", "channel__org", "by").select_for_update(of=("self",), no_key=True)


def locked(share_id: str) -> Share | None:
    """A share whose row is locked (its organization, channel and admin joined), for carriers."""
    return _locked().filter(id=share_id).first()


def of_channel(channel_id: str) -> Sequence[Share]:
    """The share of a channel that is offered or active: one at most."""
    return list(Share.objects.filter(channel=channel_id, state__in=LIVE))


def pending(org: Organization) -> Sequence[Share]:
    """What is offered to an organization, the latest first."""
    return list(Share.objects.filter(org=org, state=Share.State.PENDING).order_by("-at")[:MOST_PENDING])
