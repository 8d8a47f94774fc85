"""Mails between two servers beside the conversation, by how a share stands when one is due.

| the share is | mail |
|---|---|
| offered by us | the offer: a mail that any person can read and answer |
| active, and we never heard of them since we took their offer | that we took it, again and again |
| active | how far we have what they sent; whether they have what we sent |
| ended | that it is |
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.conf import settings
from django.utils import timezone

from channels_app.chat.models import Channel, Share
from channels_app.guests import addresses
from channels_app.guests.sending import signing
from channels_app.guests.sharing import keys
from channels_app.guests.sharing.composing import slip
from channels_app.letters.outgoing import shown_name
from channels_app.mail import Address, Note, SlipKind, compose_note, write_slip
from workspace.events.ids import new_id


@dataclass(frozen=True, slots=True)
class Ready:
    """A signed mail, and whom it goes to."""

    sender: str
    to: str
    mail: bytes


def ready(share: Share) -> Ready | None:
    """The mail that is due now. Raises `TryLater` when nothing can be signed."""
    note = _note(share)
    if note is None:
        return None
    return Ready(note.sender.email, share.address, signing.signed(compose_note(note)))


def _note(share: Share) -> Note | None:
    if share.channel is None:
        return _declined(share)
    if share.state == Share.State.OFFERED:
        return _offer(share, share.channel)
    if share.state == Share.State.ENDED:
        text = f"{share.org.name} no longer shares the channel “{shown_name(share.channel)}”."
        return _plain(share, "end", "Sharing has ended", text)
    if not share.ours and not share.peer_epoch:
        text = f"{share.org.name} has accepted: the channel is now shared."
        note = _plain(share, "accept", "Sharing has begun", text)
        return replace(note, roost={**note.roost, **_introduction(share)})
    if share.owes or share.gap or asks(share):
        return _plain(share, "note", "Received", "A note between two servers that share a channel; nothing to read.")
    return None


def asks(share: Share) -> bool:
    """Whether they have not said yet that they have all, or where they are since our numbers went back."""
    return share.state == Share.State.ACTIVE and (share.sent > share.acked or not share.heard)


def _declined(share: Share) -> Note | None:
    """An offer that never had a channel here."""
    if share.state != Share.State.ENDED:
        return None
    text = f"{share.org.name} has declined to share the channel “{share.offer.get('name', '')}”."
    said = write_slip(slip(share, "end"))
    return _mail(share, "Declined", text, {"Share": said, **_introduction(share)})


def _plain(share: Share, kind: SlipKind, subject: str, text: str) -> Note:
    said = slip(share, kind, again=share.gap, ask=asks(share)) if kind == "note" else slip(share, kind)
    assert share.channel is not None
    return _mail(share, f"[{shown_name(share.channel)}] {subject}", text, {"Share": write_slip(said)})


def _mail(share: Share, subject: str, text: str, roost: dict[str, str]) -> Note:
    return Note(
        message_id=f"<share.{share.code}.{new_id()}@{settings.MAIL_DOMAIN}>",
        sender=Address(share.org.name, addresses.share_address(share)),
        to=Address(share.org_name, share.address),
        subject=subject,
        date=timezone.now(),
        text=text,
        roost=roost,
    )


def _introduction(share: Share) -> dict[str, str]:
    """Who we are, and what our mails are signed with."""
    return {"Key": str(keys.own()), "Organization": share.org.name}


def _offer(share: Share, channel: Channel) -> Note:
    name, org = shown_name(channel), share.org.name
    who = share.by.name if share.by else org
    lines = [
        f"{who} at {org} invites you to share the channel “{name}”.",
        channel.topic and f"What it is about: {channel.topic}",
        "If you have a Roost server of your own, an admin of yours finds this offer among the channels there. Once it "
        "is accepted, the channel is on both servers, and each organization keeps its own copy and its own rules.",
        "If you have only mail: answer this mail with a word of yours, and you take part as a guest. All who are in "
        "the channel can read your answer; what is written there comes to you as mail, and you can leave at any time.",
        "If you do not know what this is about, do nothing.",
    ]
    note = _mail(share, f"{who} invites you to the channel “{name}” of {org}", "", {})
    return replace(
        note,
        sender=Address(f"{who} ({org})", note.sender.email),
        text="\n\n".join(line for line in lines if line),
        auto=False,
        roost={
            "Share": write_slip(slip(share, "offer")),
            **_introduction(share),
            "Channel-Name": name,
            "Channel-Topic": channel.topic,
            "Author-Name": who,
        },
    )
