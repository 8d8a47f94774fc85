"""The mails of a folder: appended in order, replaced and removed, with a row for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Copy, Folder
from channels_app.mirror.wire import Mail
from workspace.events import prepared, statement

APPEND_AT_ONCE = 100
BYTES_AT_ONCE = 8 * 1024 * 1024
_MESSAGE_ID = re.compile(rb"^Message-ID:[ \t\r\n]*(\S+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mail a folder should have: of the event `seq`, at this version."""

    seq: int
    version: str
    mail: Mail


def known(folder: Folder, seqs: Iterable[int]) -> dict[int, Copy]:
    """The copies of these events."""
    found = prepared.rows(Copy, "folder_id = %s AND seq = ANY(%s)", [folder.id, list(seqs)])
    return {copy.seq: copy for copy in found}


_ADD = """
WITH added AS (
  INSERT INTO mirror_copy (folder_id, uid, seq, version)
  SELECT %(folder)s, * FROM unnest(%(uids)s::bigint[], %(seqs)s::bigint[], %(versions)s::text[])
  RETURNING id, seq),
moved AS (
  UPDATE mirror_folder SET held = held + (SELECT count(*) FROM added), uidnext = %(uidnext)s WHERE id = %(folder)s)
SELECT seq, id FROM added
"""


def add(folder: Folder, fresh: Sequence[Copy]) -> None:
    """Write new copies, and the folder's counters with them."""
    ids = dict(
        statement.run(
            _ADD,
            {
                "folder": folder.id,
                "uids": [copy.uid for copy in fresh],
                "seqs": [copy.seq for copy in fresh],
                "versions": [copy.version for copy in fresh],
                "uidnext": folder.uidnext,
            },
        )
    )
    for copy in fresh:
        copy.id = ids[copy.seq]
    folder.held += len(fresh)


def write(mailbox: Mailbox, folder: Folder, wanted: Iterable[Wanted], copies: dict[int, Copy]) -> None:
    """Append mails in order; those that `copies` has in another version are replaced (the old mail goes last)."""
    outdated: list[int] = []
    for batch in _batches(wanted):
        uids = mailbox.append(folder.name, [item.mail for item in batch]) or _find(mailbox, folder, batch)
        outdated += _note(folder, batch, uids, copies)
    if outdated:
        mailbox.open(folder.name)
        mailbox.expunge(outdated)


def _batches(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    batch: list[Wanted] = []
    size = 0
    for item in wanted:
        if batch and (len(batch) == APPEND_AT_ONCE or size + len(item.mail.content) > BYTES_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item.mail.content)
    if batch:
        yield batch


def _find(mailbox: Mailbox, folder: Folder, batch: Sequence[Wanted]) -> list[int]:
    """The UIDs of what was just appended, for a server that does not tell: found by Message-ID."""
    mailbox.open(folder.name)
    taken = set(Copy.objects.filter(folder=folder, uid__gte=folder.uidnext).values_list("uid", flat=True))
    fresh = [uid for uid in mailbox.uids(folder.uidnext) if uid not in taken]
    found = {_id_of(content): uid for uid, content in mailbox.heads(fresh).items()}
    return [found[_id_of(item.mail.content)] for item in batch]


def _id_of(content: bytes) -> bytes:
    found = _MESSAGE_ID.search(content)
    return found[1] if found else b""


def _note(folder: Folder, batch: Sequence[Wanted], uids: Sequence[int], copies: dict[int, Copy]) -> list[int]:
    """Write the rows of what was appended; the UIDs they had before."""
    outdated: list[int] = []
    fresh: list[Copy] = []
    for item, uid in zip(batch, uids, strict=True):
        copy = copies.get(item.seq)
        if copy is None:
            fresh.append(Copy(folder=folder, uid=uid, seq=item.seq, version=item.version))
            continue
        outdated.append(copy.uid)
        copy.uid, copy.version = uid, item.version
        copy.save(update_fields=["uid", "version"])
    if uids[0] == folder.uidnext and uids[-1] - uids[0] == len(uids) - 1:
        folder.uidnext = uids[-1] + 1
    # Otherwise somebody else appended in between: the next look takes that in and knows ours by their copies.
    add(folder, fresh)
    copies.update({copy.seq: copy for copy in fresh})
    return outdated


def remove(mailbox: Mailbox, folder: Folder, copies: Sequence[Copy]) -> None:
    """Take the mails of these copies out of the folder."""
    if not copies:
        return
    Copy.objects.filter(id__in=[copy.id for copy in copies]).delete()
    folder.held -= len(copies)
    folder.save(update_fields=["held"])
    mailbox.open(folder.name)
    mailbox.expunge([copy.uid for copy in copies])
