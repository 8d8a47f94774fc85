"""The events of a channel for guests whose key is known: encrypted mails of a group, as Delta Chat shows them.

What `composing` makes letters of is said here too, and beside it who comes and goes and a channel's new name. All of it
comes from one address with one key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial

from django.conf import settings

from channels_app.chat.models import Seat
from channels_app.guests.secure import keys
from channels_app.guests.sending import composing
from channels_app.guests.sending.composing import Letters, Reader
from channels_app.letters import outgoing
from channels_app.mail import Recipient, event_id, group, message_id, openpgp, place, sealed
from channels_app.mail.group import Group, Said
from workspace.events.log import Entry
from workspace.events.models import Event

MEMBERS = ("member.joined", "member.left")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A mail to one guest; its inside is written when it is its turn."""

    inside: Callable[[], bytes]
    secret: bytes
    certificate: bytes
    sender: str
    date: datetime
    message_id: str

    def to(self, recipient: Recipient) -> bytes:
        """The whole mail. Raises ValueError when nothing can be encrypted to the guest's certificate."""
        content = openpgp.seal(self.inside(), to=[self.certificate], by=self.secret)
        return sealed.wrap(content, sender=self.sender, date=self.date, message_id=self.message_id)


class Sealing:
    """The mails of some events of one channel, for one guest at a time."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters
        self._channel = letters.channel

    def to(self, entry: Entry, reader: Reader) -> list[Sealed]:
        """What a guest is to get of an event, in order."""
        if entry.kind == "guest.joined":
            return self._welcome(entry, reader) if entry.payload["guest"]["person"] == reader.id else []
        if entry.kind in ("guest.left", "channel.deleted"):
            return self._goodbye(entry, reader) if self._letters.ends(entry, reader) else []
        if reader.seat is None or entry.actor == reader.id:
            return []
        if entry.kind in (*MEMBERS, "channel.changed"):
            return self._change(entry, reader) if reader.seat.delivery == Seat.Delivery.EVERY else []
        what = self._said(entry, reader)
        return [self._sealed(reader, what.date, what.message_id, partial(group.said, what=what))] if what else []

    def digest(self, news: Sequence[Entry], reader: Reader) -> Sealed:
        """Several messages in one."""
        title, made = self._letters.digested(news, reader)
        return self._notice(news[-1], reader, f"{title}\n\n{made.text}")

    @cached_property
    def _secret(self) -> bytes:
        return keys.secret(self._channel)

    @cached_property
    def _group(self) -> Group:
        return keys.group_of(self._channel, self._secret)

    def _sealed(
        self, reader: Reader, date: datetime, id: str, inside: Callable[[Group, group.Reader], bytes]
    ) -> Sealed:
        assert reader.key is not None
        written = partial(inside, self._group, reader.key)
        return Sealed(written, self._secret, reader.key.certificate, self._group.address, date, id)

    # What is said

    def _said(self, entry: Entry, reader: Reader) -> Said | None:
        letter = self._letters.letter(entry, reader)
        if letter is None:
            return None
        text, recipient = letter.text, composing.recipient(self._channel, reader)
        for link in letter.links:
            text = text.replace(place(link), recipient.link(link))
        return Said(
            kind=letter.kind,
            message_id=letter.message_id,
            date=letter.date,
            author=self._letters.author(entry),
            text=text,
            target=letter.target or letter.in_reply_to,
            attachments=letter.attachments,
            voice=letter.voice,
        )

    # Who comes and goes

    def _welcome(self, entry: Entry, reader: Reader) -> list[Sealed]:
        """The end of SecureJoin, and the words."""
        if reader.seat is None:
            return []
        seat, id = reader.seat, message_id(self._channel.id, f"joined{entry.seq:012d}", settings.MAIL_DOMAIN)
        added = partial(group.member_added, date=entry.at, message_id=id)
        lines = [
            *self._letters.introduction(reader, self._letters.sponsor(seat)),
            *self._how(),
            seat.expires_at and f"Your part ends on {seat.expires_at:%d %B %Y}.",
        ]
        text = "\n\n".join(str(line) for line in lines if line)
        return [self._sealed(reader, entry.at, id, added), self._notice(entry, reader, text)]

    def _notice(self, entry: Entry, reader: Reader, text: str) -> Sealed:
        id = event_id(self._channel.id, entry.seq, settings.MAIL_DOMAIN)
        what = Said(kind="notice", message_id=id, date=entry.at, author="", text=text)
        return self._sealed(reader, entry.at, id, partial(group.said, what=what))

    def _how(self) -> tuple[str, ...]:
        return (
            f"All of this is encrypted between you and the server of {self._channel.org.name}. The server itself can "
            "read it, and so can everybody in the channel.",
            "To leave, leave the group. Words that change what you get: “mute”, “unmute”, “mentions” (only what "
            "concerns you), “digest hourly”, “digest daily”, “every message”.",
        )

    def _goodbye(self, entry: Entry, reader: Reader) -> list[Sealed]:
        """Who left the group knows it."""
        if entry.actor == reader.id:
            return []
        text = f"You no longer take part in “{self._group.name}”."
        return self._told(entry, reader, partial(group.member_removed, text=text))

    def _change(self, entry: Entry, reader: Reader) -> list[Sealed]:
        if entry.kind == "channel.changed":
            return self._renaming(entry, reader)
        person, came = entry.payload["person"], entry.kind == "member.joined"
        id, name = (person["id"], person["name"]) if came else (person, self._letters.name(person))
        if id == reader.id:
            return []
        by = None if entry.actor in (None, id) else self._letters.name(entry.actor)
        if came:
            text = f"{by} added {name}." if by else f"{name} joined."
        else:
            text = f"{by} removed {name}." if by else f"{name} left."
        domain = self._group.address.rpartition("@")[2]
        change = partial(group.others_changed, person=f"person-{id.lower()}@{domain}", added=came, text=text)
        return self._told(entry, reader, change)

    def _renaming(self, entry: Entry, reader: Reader) -> list[Sealed]:
        before = self._name_before(entry)
        if before == entry.payload["name"]:
            return []
        text = f"{self._letters.name(entry.actor)} renamed the channel."
        return self._told(entry, reader, partial(group.renamed, before=before, text=text))

    def _name_before(self, entry: Entry) -> str:
        earlier = Event.objects.filter(stream=entry.stream, seq__lt=entry.seq)
        last = earlier.filter(kind__in=("channel.created", "channel.changed")).order_by("-seq").first()
        if last is None:
            return outgoing.shown_name(self._channel)
        return str(last.payload["channel"]["name"] if last.kind == "channel.created" else last.payload["name"])

    def _told(self, entry: Entry, reader: Reader, inside: Callable[..., bytes]) -> list[Sealed]:
        id = event_id(self._channel.id, entry.seq, settings.MAIL_DOMAIN)
        return [self._sealed(reader, entry.at, id, partial(inside, date=entry.at, message_id=id))]
