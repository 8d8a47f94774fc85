"""Mail from other servers: offers, answers to ours, and what happened in a channel that is shared.

Everything else that comes to these addresses is a person's (`answered`) or a report. A mail of a share is believed when
it comes to the share's own address, which only the other side was told, from theirs, signed by their key.

An item is taken in when it comes right after the one before it, in the transaction that writes its number down: so
nothing is done twice, and nothing is left out. One that comes too early waits, as long as there is room; what is
missing is asked for.
"""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from channels_app.chat import guests, sharing
from channels_app.chat.access import Archived
from channels_app.chat.models import Seat, Share
from channels_app.chat.sharing import Peer
from channels_app.guests import addresses
from channels_app.guests.models import Early
from channels_app.guests.receiving import reports
from channels_app.guests.receiving.answers import Answer, Declined
from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.sharing import ORIGIN, applying, keys, numbers
from channels_app.guests.sharing.keys import Told
from channels_app.letters import quarantine
from channels_app.letters.unwanted import Unwanted
from channels_app.mail import SHARE, Reply, Slip, matches, read_reply, read_slip
from channels_app.mail.charset import clean_line
from workspace.events.refusal import Conflict, Refusal
from workspace.people.models import Organization

log = logging.getLogger(__name__)

EARLY_BYTES = 256 * 1024  # of a mail that waits for one before it
MOST_EARLY = 200

TAKEN = Answer(250, "2.0.0", "Thank you.")
NO_SHARE = "Nothing is shared under this address."
FORGED = "This mail is not signed by the server that the channel is shared with."


def is_for_us(recipient: str) -> bool:
    """Whether an address is one that other servers write to."""
    reply, org = read_reply(recipient), _org(recipient)
    local = (reply.address if reply else recipient.lower()).partition("@")[0]
    return org is not None and local == addresses.ORG_LOCAL


def take_in(mail: Arrived, recipient: str) -> Answer | None:
    """Settle a mail of another server, or a report on one to it; None for any other mail. Raises `Declined`."""
    value, reply = mail.headers.get("roost-share"), _reply(recipient)
    org = _org(recipient) if value or reply is not None else None
    if org is None:
        return None
    slip = read_slip(value)
    if slip is not None and slip.kind == "offer":
        return _offered(mail, slip, org)
    if reply is None:
        return None
    if slip is not None:
        return _shared(mail, slip, org, reply)
    if value:
        raise Declined("This server speaks another version; ask its admin to bring it up to date.")
    return _report(mail, org, reply)


def _reply(recipient: str) -> Reply | None:
    """The address of a share."""
    reply = read_reply(recipient)
    return reply if reply is not None and reply.purpose == SHARE else None


def _org(recipient: str) -> Organization | None:
    """Whose address it is, by its domain."""
    slug, _, _ = recipient.rpartition("@")[2].lower().partition(".")
    org = Organization.objects.filter(slug=slug).first()
    return org if org is not None and recipient.lower().endswith(f"@{sharing.org_domain(org)}") else None


# Who is who


def _offered(mail: Arrived, slip: Slip, org: Organization) -> Answer:
    peer, roost = _introduced(mail, slip), mail.parsed.roost
    if peer.domain == sharing.org_domain(org):
        raise Declined("This is an offer of our own.")
    said = {"name": "Channel-Name", "topic": "Channel-Topic", "by": "Author-Name"}
    offer = {name: clean_line(roost.get(header, ""), 250) for name, header in said.items()}
    with transaction.atomic():
        try:
            sharing.invited(org=org, code=slip.share, peer=peer, offer=offer)
        except Refusal as refusal:
            raise Declined(refusal.message) from None
    return TAKEN


def _introduced(mail: Arrived, slip: Slip) -> Peer:
    """The other side as it presents itself, by a mail that it signed with the key it tells. Raises `Declined`."""
    told = keys.read(mail.parsed.roost.get("Key", ""))
    domain = mail.writer.rpartition("@")[2]
    if told is None or not keys.vouches_for(told, domain) or not keys.is_signed(mail, told):
        raise Declined("This offer is not signed by the domain that it comes from.")
    if keys.contradicted(told):
        raise Declined("The DNS of this domain has another key than the one that this offer is signed with.")
    return Peer(
        address=mail.writer,
        org_name=mail.parsed.roost.get("Organization", ""),
        domain=domain,
        signer=told.signer,
        selector=told.selector,
        record=told.record,
        channel=slip.channel,
    )


def _shared(mail: Arrived, slip: Slip, org: Organization, reply: Reply) -> Answer:
    row = _of_address(org, reply)
    if row is None or row.code != slip.share:
        raise Declined(NO_SHARE, status="5.1.1")
    if row.state == Share.State.OFFERED:
        return _answer_to_offer(mail, slip, row)
    key = _known_key(mail, row)
    with transaction.atomic():
        share = sharing.locked(row.id)
        assert share is not None
        share.selector, share.record = key.selector, key.record
        return _heard(mail, slip, share)


def _of_address(org: Organization, reply: Reply) -> Share | None:
    secret = addresses.secret()
    rows = Share.objects.filter(org=org).only("id", "code", "state", "address", "signer", "selector", "record")
    return next((row for row in rows.order_by("-at") if matches(reply, row.id, "", secret)), None)


def _known_key(mail: Arrived, row: Share) -> Told:
    """The key of the other side that signed a mail. Raises `Declined`."""
    if mail.writer != row.address:
        raise Declined(FORGED)
    if keys.is_signed(mail, row):
        return Told(row.selector, row.signer, row.record)
    renewed = keys.renewed(mail, row)
    if renewed is None:
        raise Declined(FORGED)
    return renewed


def _answer_to_offer(mail: Arrived, slip: Slip, row: Share) -> Answer:
    """They take it, or they do not. Only the server of the domain that we wrote to may say so."""
    if slip.kind not in ("accept", "end"):
        raise Declined(NO_SHARE, status="5.1.1")
    peer = _introduced(mail, slip)
    if peer.domain != row.address.rpartition("@")[2].lower():
        raise Declined("Another domain was invited.")
    with transaction.atomic():
        share = sharing.locked(row.id)
        assert share is not None
        if slip.kind == "end":
            sharing.closed(share=share, why="They declined.")
            return TAKEN
        try:
            sharing.accepted(share=share, peer=peer)
        except Conflict as conflict:
            raise Declined(conflict.message) from None
        numbers.hear(share, slip)
        numbers.owe(share, 0)
        share.save(update_fields=numbers.FIELDS)
    return TAKEN


# What they say


def _heard(mail: Arrived, slip: Slip, share: Share) -> Answer:
    if slip.kind == "end":
        sharing.closed(share=share, why="They ended it.")
        return TAKEN
    if share.state != Share.State.ACTIVE:
        if share.state == Share.State.ENDED and share.due is None:
            share.due = timezone.now()  # they do not know it yet
            share.save(update_fields=["due"])
        raise Declined("This channel is not shared any more.")
    if slip.channel != share.peer_channel:
        raise Declined(NO_SHARE, status="5.1.1")
    if numbers.hear(share, slip):
        if slip.kind == "accept":
            numbers.owe(share, 0)
        if slip.kind == "item":
            _item(mail, slip, share)
        share.save(update_fields=numbers.FIELDS)
    return TAKEN


def _item(mail: Arrived, slip: Slip, share: Share) -> None:
    numbers.owe(share)
    if slip.seq <= share.received:
        return
    if _is_next(slip, share):
        if _do(mail, slip, share):
            _do_what_waited(share)
        return
    share.gap = True
    early = slip.after > share.received and len(mail.raw) <= EARLY_BYTES
    if early and Early.objects.filter(share=share).count() < MOST_EARLY:
        row = Early(share=share, after=slip.after, seq=slip.seq, raw=mail.raw)
        Early.objects.bulk_create([row], ignore_conflicts=True)


def _is_next(slip: Slip, share: Share) -> bool:
    return slip.after == share.received and share.received_at in ("", slip.since)


def _do_what_waited(share: Share) -> None:
    while row := Early.objects.filter(share=share, after=share.received).order_by("seq").first():
        mail = Arrived(bytes(row.raw), "")
        slip = read_slip(mail.headers.get("roost-share"))
        row.delete()
        if slip is None or not _is_next(slip, share) or not _do(mail, slip, share):
            return
    Early.objects.filter(share=share, seq__lte=share.received).delete()
    if not Early.objects.filter(share=share).exists():
        share.gap = False


def _do(mail: Arrived, slip: Slip, share: Share) -> bool:
    """Take an item in; False when it has to come again. What can't be done is kept for somebody to look at."""
    try:
        with transaction.atomic():
            applying.apply(share, mail.parsed, slip)
    except Archived:
        return False
    except (Refusal, Unwanted) as error:
        _keep(mail, share, str(error))
    share.received, share.received_at = slip.seq, slip.at
    return True


def _keep(mail: Arrived, share: Share, why: str) -> None:
    assert share.channel is not None
    quarantine.keep(
        [mail.raw],
        mail.parsed,
        org=share.org_id,
        stream=share.channel.stream,
        origin=ORIGIN,
        place=share.channel.name,
        user=share.address,
        why=why,
    )


# People who only have mail


def _report(mail: Arrived, org: Organization, reply: Reply) -> Answer | None:
    """A report on our offer or on a later mail; None for what a person wrote."""
    if mail.sender and not mail.parsed.auto:
        return None
    row, why = _of_address(org, reply), reports.failure(mail)
    if row is not None and row.state == Share.State.OFFERED and why is not None:
        with transaction.atomic():
            share = sharing.locked(row.id)
            if share is not None and share.state == Share.State.OFFERED:
                sharing.closed(share=share, why=why)
    return TAKEN


def offered(mail: Arrived, recipient: str) -> Share | None:
    """The share whose offer a person answers, its channel joined; None for mail to any other address.

    Raises `Declined` for a mail of somebody else, and when nothing is offered there.
    """
    reply = _reply(recipient)
    org = _org(recipient) if reply is not None else None
    if reply is None or org is None:
        return None
    share = _of_address(org, reply)
    if share is None or share.channel is None or share.by is None:
        raise Declined(NO_SHARE, status="5.1.1")
    if mail.writer != share.address:
        raise Declined("Somebody else was invited by this address; answer from the mailbox that got the offer.")
    return share


def come_in(share: Share, mail: Arrived) -> Seat:
    """Who answers an offer is a guest from now on. Raises `Declined` when they are none any more.

    The caller has a transaction, and has yet to see whether the mail is believed.
    """
    locked = sharing.locked(share.id)
    if locked is None or locked.channel is None or locked.by is None:
        raise Declined(NO_SHARE, status="5.1.1")
    seat = Seat.objects.select_related("membership__person", "membership__channel__org")
    inside = seat.filter(membership__channel=locked.channel, membership__person__email=locked.address)
    if locked.state == Share.State.OFFERED:
        if not inside.exists():
            name = mail.opening.from_.name if mail.opening.from_ else ""
            guests.invite(person=locked.by, channel=locked.channel.id, email=locked.address, name=name)
        sharing.closed(share=locked, why="They take part by mail.")
    found = inside.first()
    if found is None:
        raise Declined(NO_SHARE, status="5.1.1")
    return found
