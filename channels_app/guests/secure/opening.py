"""Encrypted mail, opened before anything else is read of it, and whom its signature shows to be the writer.

What is inside goes the way of all mail from there. The signature alone says who wrote: no address does, and nobody need
vouch for From.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.utils import timezone

from channels_app.chat.models import Channel, Membership, Seat
from channels_app.guests.models import GuestKey
from channels_app.guests.receiving import judging
from channels_app.guests.receiving.answers import Declined
from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.receiving.judging import Writer
from channels_app.guests.secure import codes, keys
from channels_app.letters.unwanted import Unwanted
from channels_app.mail import openpgp, sealed, securejoin
from workspace.people.models import Person

UNREADABLE = (
    "This is encrypted, but not to the key that this channel has now. If you took part by a chat program, ask for a "
    "new invitation."
)


class Opened(Arrived):
    """What was inside an encrypted mail. `around` is the mail as it came; `signer` whose known key signed, if any's."""

    def __init__(self, content: bytes, around: Arrived, signer: Person | None) -> None:
        super().__init__(content, around.sender)
        self.around = around
        self.signer = signer

    def say(self, text: str, quoted: str | None, in_reply_to: str | None) -> None:
        """Give it words that came in another mail."""
        self.parsed = replace(self.parsed, text=text, quoted=quoted, in_reply_to=in_reply_to)


def opened(mail: Arrived, channel: Channel) -> Arrived:
    """The inside of an encrypted mail to this channel; any other mail as it is. Raises `Declined`, `Unwanted`."""
    content = sealed.unwrap(mail.raw) if sealed.TYPE in mail.headers.get("content-type").lower() else None
    secret = keys.known_secret(channel) if content is not None else None
    if content is None or secret is None:
        return mail
    known = _known(mail, channel)
    try:
        found = openpgp.unseal(
            content,
            secret=secret,
            passwords=_passwords(channel, secret),
            certificates=[bytes(key.certificate) for key in known],
        )
    except openpgp.Unreadable:
        raise Declined(UNREADABLE, status="5.7.5") from None
    inside = Opened(found.content, mail, known[found.signer].person if found.signer is not None else None)
    if inside.writer != mail.writer:
        raise Unwanted("names another sender inside its encryption")
    return inside


def _known(mail: Arrived, channel: Channel) -> Sequence[GuestKey]:
    rows = GuestKey.objects.select_related("person")
    return list(rows.filter(person__org=channel.org_id, person__email__iexact=mail.writer, person__active=True))


def _passwords(channel: Channel, secret: bytes) -> list[str]:
    fingerprint = openpgp.fingerprint(keys.certificate(secret))
    return [securejoin.password(fingerprint, code.secret) for code in codes.live(channel)]


def writer(mail: Arrived, channel: Channel) -> Writer | None:
    """Who wrote an encrypted mail; None for any other. Raises `Declined` for who is out, `Unwanted` without a proof."""
    if not isinstance(mail, Opened):
        return None
    if mail.signer is None:
        raise Unwanted("encrypted, but not signed by a key that is known of its sender")
    inside = Membership.objects.select_related("seat").filter(channel=channel, person=mail.signer).first()
    seat: Seat | None = getattr(inside, "seat", None)
    if inside is None or (seat is not None and seat.expires_at is not None and seat.expires_at <= timezone.now()):
        raise judging.gone(channel)
    return Writer(mail.signer, seat, signed=True)
