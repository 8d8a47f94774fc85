"""Mails that were appended but are no posts: their bytes are kept where nobody reads them by chance."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from channels_app.files import storage
from channels_app.mail import Parsed
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Folder, Quarantined
from workspace.events import prepared
from workspace.events.ids import new_id

log = logging.getLogger(__name__)

PIECE = 4 * 1024 * 1024


def keep(folder: Folder, uid: int, raw: bytes, parsed: Parsed, *, user: str, why: str) -> None:
    """Write a mail down; the caller removes it from the folder once this is committed."""
    key = _key(folder)
    size = storage.write(key, [raw])
    _note(folder, uid, key, size, parsed, user, why)


def keep_big(mailbox: Mailbox, folder: Folder, uid: int, size: int, *, user: str, why: str) -> None:
    """The same for a mail of the open folder that is too big to be held in memory."""
    key = _key(folder)
    size = storage.write(key, _pieces(mailbox, uid, size))
    _note(folder, uid, key, size, Parsed(), user, why)


def _pieces(mailbox: Mailbox, uid: int, size: int) -> Iterator[bytes]:
    for at in range(0, size, PIECE):
        piece = mailbox.piece(uid, at, PIECE)
        if not piece:
            return
        yield piece


def _key(folder: Folder) -> str:
    return f"quarantine/{folder.org_id}/{new_id()}.eml"


def _note(folder: Folder, uid: int, key: str, size: int, parsed: Parsed, user: str, why: str) -> None:
    sender = parsed.from_.email if parsed.from_ else ""
    Quarantined.objects.get_or_create(
        stream=folder.stream,
        uidvalidity=folder.uidvalidity,
        uid=uid,
        defaults={
            "org_id": folder.org_id,
            "sender": _clean(sender, 320),
            "user": user,
            "message_id": _clean(parsed.message_id or "", 998),
            "why": why[:200],
            "key": key,
            "size": size,
        },
    )
    log.warning("quarantined a mail of %s in %s: %s", sender or user or "nobody", folder.name, why)


def _clean(text: str, most: int) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:most]


def known(folder: Folder, uids: list[int]) -> set[int]:
    """Those of these UIDs that are in quarantine already and only wait to be removed from the folder."""
    where = "stream = %s AND uidvalidity = %s AND uid = ANY(%s)"
    return {row.uid for row in prepared.rows(Quarantined, where, [folder.stream, folder.uidvalidity, uids])}
