"""From the folders into the log: what mail programs appended becomes posts, or goes to quarantine.

Our own mails are known by their Message-IDs. Any other must come from a current member of the channel who may post, and
where the bell named who appended it, from that very person. Everything a mail turns into commits together with the
folder's UIDNEXT, so a mail is taken in exactly once.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from channels_app.chat import posting
from channels_app.chat.models import Channel, Membership, Message
from channels_app.chat.posting import Posted, Posting
from channels_app.files import storage, uploads
from channels_app.mail import Parsed, parse, parse_message_id
from channels_app.mirror.copies import bring_up_to_date
from channels_app.mirror.folders import claim, open_folder
from channels_app.mirror.imap import Mailbox, pool
from channels_app.mirror.models import Arrival, Copy, Folder, Quarantined
from workspace.events.ids import new_id
from workspace.events.refusal import Refusal
from workspace.people.models import Person
from workspace.signin.app_passwords import mailbox_name

log = logging.getLogger(__name__)

FETCH_AT_ONCE = 50
HEAL_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that is not ours."""

    uid: int
    raw: bytes
    parsed: Parsed
    user: str  # who appended it, as the bell named them; empty when it did not


@transaction.atomic
def pull(channel_id: str) -> None:
    """Take in what is new in a channel's folder."""
    channel = Channel.objects.select_related("org").filter(id=channel_id, deleted_at=None).first()
    if channel is not None:
        folder = claim(channel, Folder.Kind.POSTS)
        with pool.mailbox() as mailbox:
            take_in(mailbox, folder, channel)


@transaction.atomic
def heal(channel_id: str) -> None:
    """Compare a channel's folder with its messages: what was expunged by hand, or lost with the folder, comes back."""
    channel = Channel.objects.select_related("org").filter(id=channel_id, deleted_at=None).first()
    if channel is None:
        return
    folder = claim(channel, Folder.Kind.POSTS)
    with pool.mailbox() as mailbox:
        take_in(mailbox, folder, channel)
        there = set(mailbox.uids())
        gone = [copy.id for copy in Copy.objects.filter(folder=folder) if copy.uid not in there]
        Copy.objects.filter(id__in=gone).delete()
        missing = Message.objects.filter(channel=channel, deleted_at=None).exclude(copies__folder=folder)
        while rows := list(missing.order_by("seq")[:HEAL_AT_ONCE]):
            bring_up_to_date(mailbox, folder, channel, rows)


def take_in(mailbox: Mailbox, folder: Folder, channel: Channel) -> None:
    """Look at everything from the folder's UIDNEXT on; the folder stays selected."""
    state = open_folder(mailbox, folder, channel)
    if state.uidnext <= folder.uidnext:
        return
    known = set(Copy.objects.filter(folder=folder, uid__gte=folder.uidnext).values_list("uid", flat=True))
    uids = [uid for uid in mailbox.uids(folder.uidnext) if uid not in known]
    for at in range(0, len(uids), FETCH_AT_ONCE):
        _take_in_batch(mailbox, folder, channel, uids[at : at + FETCH_AT_ONCE])
    folder.uidnext = state.uidnext
    folder.save(update_fields=["uidnext"])


def _take_in_batch(mailbox: Mailbox, folder: Folder, channel: Channel, uids: Sequence[int]) -> None:
    raw = mailbox.raw(uids)
    arrivals = Arrival.objects.filter(folder_name=folder.name, uidvalidity=folder.uidvalidity, uid__in=uids)
    users = dict(arrivals.values_list("uid", "user"))
    superfluous: list[int] = []
    for uid in uids:
        if uid not in raw:
            continue
        parsed = parse(raw[uid])
        own = parsed.own
        if own is not None and own.channel == channel.id and not users.get(uid):
            superfluous += _note_own(folder, uid, own.message, parsed)
        else:
            superfluous += _post(folder, channel, Arrived(uid, raw[uid], parsed, users.get(uid, "")))
    arrivals.delete()
    mailbox.expunge(superfluous)


def _note_own(folder: Folder, uid: int, message_id: str, parsed: Parsed) -> list[int]:
    """A mail of ours: the copy is noted; one of a message that is no more, or a second one, is removed."""
    row = Message.objects.filter(id=message_id, channel=folder.channel_id, deleted_at=None).first()
    version = parsed.roost.get("Edited-At", "")
    if row is None or Copy.objects.filter(folder=folder, message=row, version=version).exists():
        return [uid]
    Copy.objects.create(folder=folder, uid=uid, message=row, version=version)
    return []


def _post(folder: Folder, channel: Channel, mail: Arrived) -> list[int]:
    """Post a mail somebody appended; the UIDs to remove (its own, when it goes to quarantine)."""
    author, why = _author(channel, mail)
    if author is None:
        return _quarantine(channel, mail, why)
    try:
        with transaction.atomic():
            posted = _posted(channel, author, mail)
            if Copy.objects.filter(folder=folder, message_id=posted.message["id"]).exists():
                return [mail.uid]
            Copy.objects.create(folder=folder, uid=mail.uid, message_id=posted.message["id"])
    except Refusal as refusal:
        return _quarantine(channel, mail, refusal.message)
    return []


def _author(channel: Channel, mail: Arrived) -> tuple[Person | None, str]:
    """Who writes: From must be a member's address, and the one who appended when that is known."""
    sender = mail.parsed.from_
    if sender is None:
        return None, "no sender"
    if mail.parsed.auto:
        return None, f"written by no person ({mail.parsed.auto})"
    membership = (
        Membership.objects.select_related("person__org")
        .filter(channel=channel, person__email=sender.email.lower(), person__active=True)
        .first()
    )
    if membership is None:
        return None, "the sender is no member of the channel"
    if mail.user and mail.user != mailbox_name(membership.person):
        return None, "somebody else appended it"
    return membership.person, ""


def _posted(channel: Channel, author: Person, mail: Arrived) -> Posted:
    parsed = mail.parsed
    identity = parsed.message_id or hashlib.blake2b(mail.raw, digest_size=16).hexdigest()
    files = [
        uploads.store(uploader=author, name=file.name or "file", chunks=[file.content], declared_type=file.type).id
        for file in parsed.attachments[: posting.MOST_FILES]
        if file.content
    ]
    text = parsed.text or ("" if files else parsed.subject or "(empty mail)")
    what = Posting(
        person=author.id,
        channel=channel.id,
        text=text[: settings.TEXT_LIMIT],
        thread=_thread(channel, parsed),
        files=files,
        client_id="imap:" + hashlib.blake2b(f"{channel.id} {identity}".encode(), digest_size=20).hexdigest(),
        origin="imap",
        external_id=parsed.message_id,
        quoted=parsed.quoted,
    )
    outcome = posting.post_many([what])[0]
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


def _thread(channel: Channel, parsed: Parsed) -> str | None:
    """The message answered, by In-Reply-To and then References, the last first."""
    named = [parsed.in_reply_to, *reversed(parsed.references)]
    for value in dict.fromkeys(name for name in named if name):
        own = parse_message_id(value)
        rows = Message.objects.filter(channel=channel)
        found = rows.filter(id=own.message) if own is not None else rows.filter(external_id=value)
        if id := found.values_list("id", flat=True).first():
            return str(id)
    return None


def _quarantine(channel: Channel, mail: Arrived, why: str) -> list[int]:
    """Keep the bytes, where nobody reads them by chance; the mail leaves the folder."""
    key = f"quarantine/{channel.org_id}/{new_id()}.eml"
    storage.write(key, [mail.raw])
    sender = mail.parsed.from_.email if mail.parsed.from_ else ""
    Quarantined.objects.create(
        org_id=channel.org_id, channel=channel, sender=sender[:320], user=mail.user, why=why[:200], key=key
    )
    log.warning("quarantined a mail of %s in %s: %s", sender or "nobody", channel.id, why)
    return [mail.uid]
