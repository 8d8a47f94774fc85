"""Mails that are no posts: their bytes are kept where nobody reads them by chance."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

from channels_app.files import storage
from channels_app.letters.models import Quarantined
from channels_app.mail import Parsed
from workspace.events.ids import new_id

log = logging.getLogger(__name__)


def keep(
    pieces: Iterable[bytes],
    parsed: Parsed,
    *,
    org: str,
    stream: str,
    origin: str,
    place: str,
    user: str,
    why: str,
    uid: tuple[int, int] | None = None,
) -> None:
    """Write a mail down, once: (UIDVALIDITY, UID) for one of a folder; any other is known again by its bytes.

    `pieces` are its bytes in order, `place` is where it was sent, for people. Once this is committed the caller may
    forget the mail.
    """
    key = f"quarantine/{org}/{new_id()}.eml"
    digest = blake2b(digest_size=20)
    size = storage.write(key, _digested(pieces, digest))
    sender = parsed.from_.email if parsed.from_ else ""
    known_by: dict[str, Any] = (
        {"uidvalidity": uid[0], "uid": uid[1]} if uid else {"origin": origin, "digest": digest.hexdigest()}
    )
    _, fresh = Quarantined.objects.get_or_create(
        stream=stream,
        **known_by,
        defaults={
            "org_id": org,
            "origin": origin,
            "sender": _clean(sender, 320),
            "user": user,
            "message_id": _clean(parsed.message_id or "", 998),
            "why": why[:200],
            "key": key,
            "size": size,
        },
    )
    if not fresh:
        storage.path(key).unlink()
    log.warning("quarantined a mail of %s in %s: %s", sender or user or "nobody", place, why)


def _digested(pieces: Iterable[bytes], digest: blake2b) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def _clean(text: str, most: int) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:most]
