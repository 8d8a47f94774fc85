"""From the folders into the log: what is new in a folder is looked at once, and settled in one transaction.

Mails of ours are recognised (`ours`), all others become posts or go to quarantine (`theirs`). Copies, posts and the
folder's UIDNEXT are written together, so a mail is taken in exactly once; mails that have to leave the folder are
removed after that, so that none is ever gone before it was written down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from channels_app.mail import Limits, event_seq, parse, parse_message_id
from channels_app.mirror import copies, judging, ours, quarantine, theirs
from channels_app.mirror.copies import BYTES_AT_ONCE
from channels_app.mirror.folders import Place, claim
from channels_app.mirror.imap import Mailbox, Unexpected
from channels_app.mirror.judging import Arrived
from channels_app.mirror.models import Copy, Folder
from channels_app.mirror.pool import pool
from workspace.events import log, prepared, statement
from workspace.events.models import Event

MAILS_AT_ONCE = 200
SPAN = 1000
LIMITS = Limits()


def take_in(stream: str, uids: Sequence[int] | None = None) -> None:
    """Take in what is new in a channel's folder, or these mails. Raises one of `imap.TROUBLE`."""
    intake = _Intake(stream, list(uids) if uids is not None else None)
    while intake.step():
        pass


@dataclass(slots=True)
class _Batch:
    """Mails read from a folder; `after` is the first UID that was not looked at, `rubbish` has to leave the folder."""

    raw: Mapping[int, bytes] = field(default_factory=dict)
    rubbish: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    after: int = 1
    more: bool = False


class _Intake:
    """One look through a folder, batch by batch. A mail that waits for its bell holds back UIDNEXT, not other mails."""

    def __init__(self, stream: str, uids: list[int] | None) -> None:
        self._stream = stream
        self._uids = uids
        self._start = 0
        self._held_back: int | None = None

    def step(self) -> bool:
        """Take in a batch; whether there is more."""
        with transaction.atomic():
            place = claim(self._stream)
            if place is None or place.posts is None or place.channel is None or not place.posts.uidvalidity:
                return False
            with pool.mailbox() as mailbox:
                batch = self._read(mailbox, place.posts)
            _settle(place, place.posts, batch)
            self._move_on(place.posts, batch)
        if batch.rubbish:
            with pool.mailbox() as mailbox:
                mailbox.open(place.posts.name)
                mailbox.expunge(batch.rubbish)
        return batch.more

    def _read(self, mailbox: Mailbox, folder: Folder) -> _Batch:
        state = mailbox.select(folder.name)
        if state.uidvalidity != folder.uidvalidity:
            mailbox.unselect()
            raise Unexpected(f"{folder.name} is another folder now")
        if self._uids is not None:
            uids, self._uids = self._uids[:MAILS_AT_ONCE], self._uids[MAILS_AT_ONCE:]
            batch = _Batch(after=folder.uidnext, more=bool(self._uids))
        else:
            first = max(folder.uidnext, self._start)
            last = min(state.uidnext - 1, first + SPAN - 1)
            uids = list(range(first, last + 1))
            batch = _Batch(after=last + 1, more=last < state.uidnext - 1)
        _read_mails(mailbox, folder, uids, batch, cut=self._uids is None)
        return batch

    def _move_on(self, folder: Folder, batch: _Batch) -> None:
        if self._uids is not None:
            return
        self._start = batch.after
        if batch.waiting and self._held_back is None:
            self._held_back = min(batch.waiting)
        uidnext = self._held_back if self._held_back is not None else batch.after
        if uidnext > folder.uidnext:
            folder.uidnext = uidnext
            statement.run("UPDATE mirror_folder SET uidnext = %s WHERE id = %s RETURNING id", [uidnext, folder.id])


def _read_mails(mailbox: Mailbox, folder: Folder, uids: Sequence[int], batch: _Batch, *, cut: bool) -> None:
    """Read those of these mails that are not known; `cut`: only as many as belong into one batch."""
    known = {copy.uid for copy in prepared.rows(Copy, "folder_id = %s AND uid = ANY(%s)", [folder.id, list(uids)])}
    sizes = mailbox.sizes([uid for uid in uids if uid not in known])
    kept = quarantine.known(folder, list(sizes)) if sizes else set()
    batch.rubbish += kept
    chosen: list[int] = []
    total = 0
    for uid, size in sizes.items():
        if uid in kept:
            continue
        if size > LIMITS.size:
            quarantine.keep_big(mailbox, folder, uid, size, user=_users(folder, [uid]).get(uid, ""), why="too big")
            batch.rubbish.append(uid)
            continue
        if cut and chosen and (len(chosen) == MAILS_AT_ONCE or total + size > BYTES_AT_ONCE):
            batch.after, batch.more = uid, True
            break
        chosen.append(uid)
        total += size
    batch.raw = mailbox.raw(chosen)


def _users(folder: Folder, uids: Sequence[int]) -> dict[int, str]:
    """Who appended these mails, as far as the bell told."""
    return {row.uid: row.user for row in judging.arrivals(folder, uids)}


def _settle(place: Place, folder: Folder, batch: _Batch) -> None:
    if not batch.raw:
        return
    users = _users(folder, list(batch.raw))
    mails = [Arrived(uid, raw, parse(raw, limits=LIMITS), users.get(uid, "")) for uid, raw in batch.raw.items()]
    own, others = ours.sort_out(place, mails)
    batch.rubbish += ours.recognise(place, folder, own)
    if any(not mail.user for mail in others):
        rubbish, others = ours.recognise_carried_in(place, folder, others)
        batch.rubbish += rubbish
    rubbish, waiting = theirs.take_in(place, folder, others)
    batch.rubbish += rubbish
    batch.waiting += waiting
    settled = [uid for uid in batch.raw if uid not in waiting]
    statement.run(_FORGET, [folder.id, settled])


# Those of a former UIDVALIDITY too: they name nobody any more.
_FORGET = "DELETE FROM mirror_arrival WHERE folder_id = %s AND uid = ANY(%s) RETURNING id"


def take_in_log(stream: str, uids: Sequence[int] | None = None) -> None:
    """Look at what is new in a Log: entries of an append with an unclear end are noted, everything else is removed.

    Nobody but the mirror may append there.
    """
    with transaction.atomic():
        place = claim(stream)
        if place is None or not place.log.uidvalidity:
            return
        folder = place.log
        with pool.mailbox() as mailbox:
            state = mailbox.select(folder.name)
            if state.uidvalidity != folder.uidvalidity:
                mailbox.unselect()
                raise Unexpected(f"{folder.name} is another folder now")
            found = list(uids) if uids is not None else mailbox.uids(folder.uidnext)
            known = set(Copy.objects.filter(folder=folder, uid__in=found).values_list("uid", flat=True))
            heads = mailbox.heads([uid for uid in found if uid not in known])
        rubbish = _note_entries(place, folder, heads)
        if uids is None and state.uidnext > folder.uidnext:
            folder.uidnext = state.uidnext
        folder.save(update_fields=["uidnext", "held"])
    if rubbish:
        with pool.mailbox() as mailbox:
            mailbox.open(folder.name)
            mailbox.expunge(rubbish)


def _note_entries(place: Place, folder: Folder, heads: Mapping[int, bytes]) -> list[int]:
    """Write down the copies of events; the UIDs of what is no entry, or one too many."""
    seqs = {uid: _entry_seq(place, head) for uid, head in sorted(heads.items())}
    head = log.heads([place.stream]).get(place.stream, 0)
    there = copies.known(folder, [seq for seq in seqs.values() if seq])
    rubbish: list[int] = []
    fresh: dict[int, Copy] = {}
    for uid, seq in seqs.items():
        if not 0 < seq <= head or seq in there or seq in fresh or _was_emptied(place, seq):
            rubbish.append(uid)
        else:
            fresh[seq] = Copy(folder=folder, uid=uid, seq=seq)
    copies.add(folder, list(fresh.values()))
    return rubbish


def _entry_seq(place: Place, head: bytes) -> int:
    """The number of the event whose entry this is, or 0."""
    own = parse_message_id(head.decode("ascii", "replace").partition(":")[2].strip())
    mine = place.channel.id if place.channel else place.org.id
    return (event_seq(own) or 0) if own is not None and own.channel == mine else 0


def _was_emptied(place: Place, seq: int) -> bool:
    """Whether an event lost its text since (its message was deleted): then its entry is written anew."""
    event = Event.objects.filter(stream=place.stream, seq=seq).values_list("kind", "payload").first()
    if event is None:
        return True
    kind, payload = event
    if kind == "message.posted":
        return bool(payload["message"]["deleted"])
    return bool(kind == "message.edited" and not payload.get("text"))
