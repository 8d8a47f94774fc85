"""Folders compared with what they should hold, mail by mail, and mended from the database; never the reverse."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction

from channels_app.mirror import inwards, outwards, personal, settling
from channels_app.mirror.folders import claim
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Copy, Folder
from channels_app.mirror.pool import pool

WRITE_AT_MOST = 500


@dataclass(slots=True)
class Difference:
    """Numbers of events whose mails are gone, and UIDs of mails we do not know."""

    gone: list[int] = field(default_factory=list)
    strange: list[int] = field(default_factory=list)


def heal(stream: str) -> None:
    """Mend a stream's folders. Raises one of `imap.TROUBLE` when the server is away, `TryLater`."""
    settling.settle(stream)
    if stream.startswith("people:"):
        personal.settle(stream)
        return
    with transaction.atomic():
        lane = settling.lock_lane(stream)
        place = claim(stream)
        if place is None or lane is None:
            return
        with pool.mailbox() as mailbox:
            found = {row.kind: _compare(mailbox, row) for row in place.folders}
            posts, logged = (found.get(kind, Difference()) for kind in (Folder.Kind.POSTS, Folder.Kind.LOG))
            carried = [[seq for seq in one.gone if seq <= lane.cursor] for one in (posts, logged)]
            if sum(map(len, carried)) <= WRITE_AT_MOST:
                outwards.write_again(mailbox, place, *carried)
            else:  # in order, so that the folder reads as the channel does
                settling.begin_anew(lane, min(min(seqs) for seqs in carried if seqs) - 1)
    if posts.strange:
        inwards.take_in(stream, posts.strange)
    if logged.strange:
        inwards.take_in_log(stream, logged.strange)


def _compare(mailbox: Mailbox, row: Folder) -> Difference:
    """What differs; the copies of what is gone are forgotten."""
    removed = mailbox.vanished(row.name, row.uidvalidity, row.modseq)
    state = mailbox.select(row.name)
    copies = Copy.objects.filter(folder=row)
    lost = dict(copies.filter(uid__in=removed).values_list("uid", "seq")) if removed else {}
    strange: list[int] = []
    if row.held - len(lost) != state.messages:
        known = dict(copies.values_list("uid", "seq"))
        there = set(mailbox.uids())
        lost = {uid: seq for uid, seq in known.items() if uid not in there}
        strange = sorted(uid for uid in there - known.keys() if uid < row.uidnext)
    copies.filter(uid__in=lost).delete()
    row.held, row.modseq = copies.count(), state.modseq
    row.save(update_fields=["held", "modseq"])
    return Difference(sorted(lost.values()), strange)
