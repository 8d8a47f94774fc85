"""Mails that were appended to a folder but are no posts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from channels_app.letters import quarantine
from channels_app.letters.models import Quarantined
from channels_app.mail import Parsed
from channels_app.mirror import ORIGIN
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Folder
from workspace.events import prepared

PIECE = 4 * 1024 * 1024


def keep(folder: Folder, uid: int, raw: bytes, parsed: Parsed, *, user: str, why: str) -> None:
    """Write a mail down; the caller removes it from the folder once this is committed."""
    _keep(folder, uid, [raw], parsed, user, why)


def keep_big(mailbox: Mailbox, folder: Folder, uid: int, size: int, *, user: str, why: str) -> None:
    """The same for a mail of the open folder that is too big to be held in memory."""
    _keep(folder, uid, _pieces(mailbox, uid, size), Parsed(), user, why)


def _pieces(mailbox: Mailbox, uid: int, size: int) -> Iterator[bytes]:
    for at in range(0, size, PIECE):
        piece = mailbox.piece(uid, at, PIECE)
        if not piece:
            return
        yield piece


def _keep(folder: Folder, uid: int, pieces: Iterable[bytes], parsed: Parsed, user: str, why: str) -> None:
    quarantine.keep(
        pieces,
        parsed,
        org=folder.org_id,
        stream=folder.stream,
        origin=ORIGIN,
        place=folder.name,
        user=user,
        why=why,
        uid=(folder.uidvalidity, uid),
    )


def known(folder: Folder, uids: list[int]) -> set[int]:
    """Those of these UIDs that are in quarantine already and only wait to be removed from the folder."""
    where = "stream = %s AND uidvalidity = %s AND uid = ANY(%s)"
    rows = prepared.rows(Quarantined, where, [folder.stream, folder.uidvalidity, uids])
    return {row.uid for row in rows if row.uid is not None}
