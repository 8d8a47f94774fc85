"""The mails of a folder that are messages: appended, replaced and removed, with a row for each."""

from __future__ import annotations

from collections.abc import Sequence

from channels_app.chat.models import Channel, Message
from channels_app.mirror import mails
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Copy, Folder

APPEND_AT_ONCE = 100


def bring_up_to_date(mailbox: Mailbox, folder: Folder, channel: Channel, rows: Sequence[Message]) -> None:
    """Make the selected folder hold these messages as they stand now, appended in order of seq."""
    copies: dict[str, list[Copy]] = {}
    for copy in Copy.objects.filter(message__in=rows, folder=folder):
        copies.setdefault(copy.message_id, []).append(copy)
    missing = [row for row in rows if not row.deleted_at and not _has(copies.get(row.id, []), row)]
    outdated = [copy for row in rows for copy in copies.get(row.id, []) if row.deleted_at or not _has([copy], row)]
    for at in range(0, len(missing), APPEND_AT_ONCE):
        _append(mailbox, folder, channel, missing[at : at + APPEND_AT_ONCE])
    if outdated:
        mailbox.expunge([copy.uid for copy in outdated])
        Copy.objects.filter(id__in=[copy.id for copy in outdated]).delete()


def _has(copies: Sequence[Copy], row: Message) -> bool:
    return any(copy.version == mails.version(row) for copy in copies)


def _append(mailbox: Mailbox, folder: Folder, channel: Channel, rows: Sequence[Message]) -> None:
    uids = mailbox.append(folder.name, mails.posts(channel, rows), folder.uidnext)
    Copy.objects.bulk_create(
        Copy(folder=folder, uid=uid, message=row, version=mails.version(row))
        for uid, row in zip(uids, rows, strict=True)
    )
    if uids[0] == folder.uidnext:
        folder.uidnext = uids[-1] + 1
        folder.save(update_fields=["uidnext"])
    # Otherwise somebody else appended in between: the next look takes that in and knows ours by their copies.
