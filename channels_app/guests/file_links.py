"""Files that are too big for a mail, as links: each for one guest, for a while, and for as long as they may see it.

Nothing is stored: a link says which file of which message it is, for whom and until when, and is signed. So it ends by
itself, and with the guest's part in the channel, with the message, or with the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core import signing

from channels_app.chat.models import Attachment, Seat
from channels_app.files.models import StoredFile

LASTS = timedelta(days=30)
_SALT = "guests.file"


@dataclass(frozen=True, slots=True)
class Shared:
    """A file of a message (both by id), and until when it can be had."""

    message: str
    file: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says: a shared file, and the guest (by id) it was made for."""

    shared: Shared
    guest: str


def until(sent_at: datetime) -> datetime:
    """When the links of a mail end: at the end of a day, as they are read all over the world."""
    return (sent_at.astimezone(UTC) + LASTS).replace(hour=23, minute=59, second=59, microsecond=0)


def url(shared: Shared, guest: str) -> str:
    """Where a guest (an id) fetches the file; with a slash last, as programs that look for links leave a dash out."""
    return f"{settings.ROOST_URL}/files/{_signer().sign(f'{key(shared)}-{guest}')}/"


def key(shared: Shared) -> str:
    """A shared file as a word, the same for all guests; `read_key` reads it."""
    return f"{shared.message}-{shared.file}-{int(shared.until.timestamp()):x}"


def read_key(word: str) -> Shared:
    """Raises ValueError for what `key` did not write."""
    message, file, moment = word.split("-")
    return Shared(message, file, datetime.fromtimestamp(int(moment, 16), UTC))


def read(token: str) -> Link | None:
    """What a link says; None when it was not made here."""
    try:
        shared, _, guest = _signer().unsign(token).rpartition("-")
    except signing.BadSignature:
        return None
    return Link(read_key(shared), guest)


def file_of(link: Link) -> StoredFile | None:
    """The file, if its guest may still see it; how long the link lasts is another question."""
    shared = link.shared
    rows = Attachment.objects.select_related("file", "message")
    found = rows.filter(
        file=shared.file, message=shared.message, message__deleted_at=None, message__channel__deleted_at=None
    ).first()
    if found is None:
        return None
    seats = Seat.objects.filter(
        membership__channel=found.message.channel_id, membership__person=link.guest, membership__person__active=True
    )
    return found.file if seats.exists() else None


def _signer() -> signing.Signer:
    return signing.Signer(key=settings.SECRET_KEY, salt=_SALT, sep=".")
