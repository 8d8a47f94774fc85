"""From the log into the folders: a stream's lane, drained in batches.

The folder holds each message as it stands now, so what a batch of events asks for is worked out from the messages they
name: those without a mail are appended, those whose mail is of an older version are replaced, deleted ones removed. All
other events go into the Log, as do posts that came in as somebody else's mail. Before anything is appended the folders
are looked at (`settling`): when a UIDNEXT is not where we left it, what came in meanwhile is taken in first, our own
mails of an append with an unclear end among it. So nothing is ever appended twice, whenever a worker dies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from channels_app.chat.models import Channel, Message
from channels_app.letters import outgoing
from channels_app.mirror import copies, logbook, mails, personal, settling
from channels_app.mirror.copies import Wanted
from channels_app.mirror.folders import Place, claim
from channels_app.mirror.imap import TROUBLE, Mailbox
from channels_app.mirror.models import Folder
from channels_app.mirror.pool import pool
from workspace.events import lanes, log, prepared
from workspace.events.lanes import TryLater
from workspace.events.log import Entry
from workspace.events.models import Event

SUBSCRIBER = settling.SUBSCRIBER
BATCH = 200
# Origins of posts that were somebody's mail: what the folder can't say of them is in the Log.
CAME_AS_MAIL = ("imap", "mail", "share")
SHAPING = {"channel.created", "channel.changed", "channel.archived", "channel.deleted"}
SHAPING |= {"member.joined", "member.left", "member.changed"}


def drain(stream: str) -> bool:
    """Deliver one batch of a stream's lane; whether it is worth to try again at once."""
    if not settling.lane_is_due(stream):
        return False
    trouble = ""
    try:
        settling.settle(personal.folder_stream(stream) if stream.startswith("person:") else stream)
    except (*TROUBLE, TryLater) as error:
        trouble = str(error) or type(error).__name__
    shaping: list[bool] = []

    def deliver(entries: Sequence[Entry]) -> None:
        _deliver(stream, entries, trouble)
        shaping.extend(entry.kind in SHAPING for entry in entries)

    done = lanes.drain(SUBSCRIBER, stream, deliver, batch=BATCH)
    if done.delivered and any(shaping) and not stream.startswith("person:"):
        settling.settle(stream)
    return done.delivered > 0


def _deliver(stream: str, entries: Sequence[Entry], trouble: str) -> None:
    if trouble:
        raise TryLater(trouble)
    if stream.startswith("person:"):
        personal.deliver(stream, entries)
        return
    place = claim(stream)
    if place is None:
        return
    if any(not row.uidvalidity for row in place.folders):
        raise TryLater("the folder is not made yet")
    with pool.mailbox() as mailbox:
        forget = _deliver_messages(mailbox, place, entries) if place.posts else set()
        _deliver_log(mailbox, place, entries, forget)
    if place.channel is None:
        _tell_channels(place, entries)
    elif any(entry.kind in SHAPING for entry in entries):
        Folder.objects.filter(stream=stream).update(untidy=True)


def _deliver_messages(mailbox: Mailbox, place: Place, entries: Sequence[Entry]) -> set[int]:
    """Bring the messages that events name up to date; the numbers of events the Log must say anew, without the text."""
    assert place.posts is not None and place.channel is not None
    folder, channel = place.posts, place.channel
    ids = {id for entry in entries if (id := _message(entry))}
    rows = prepared.rows(Message, "id = ANY(%s) ORDER BY seq", [list(ids)]) if ids else []
    if not rows:
        return set()
    have = copies.known(folder, (row.seq for row in rows))
    stale = [r for r in rows if not r.deleted_at and (r.seq not in have or have[r.seq].version != outgoing.version(r))]
    copies.write(mailbox, folder, _posts(channel, stale), have)
    copies.remove(mailbox, folder, [have[row.seq] for row in rows if row.deleted_at and row.seq in have])
    _mark_pins(mailbox, folder, rows, entries)
    return _said_of(place, [row for row in rows if row.deleted_at and any(_deletes(e, row.id) for e in entries)])


def _posts(channel: Channel, rows: Sequence[Message]) -> Iterator[Wanted]:
    for row, mail in zip(rows, mails.posts(channel, rows), strict=True):
        yield Wanted(row.seq, outgoing.version(row), mail)


def _message(entry: Entry) -> str:
    """The message a folder has to show differently after this event."""
    if entry.kind == "message.posted":
        return str(entry.payload["message"]["id"])
    return str(entry.payload["id"]) if entry.kind.startswith("message.") else ""


def _deletes(entry: Entry, message: str) -> bool:
    return entry.kind == "message.deleted" and entry.payload["id"] == message


def _mark_pins(mailbox: Mailbox, folder: Folder, rows: Sequence[Message], entries: Sequence[Entry]) -> None:
    """A pinned message is a flagged mail."""
    touched = {entry.payload["id"] for entry in entries if entry.kind in ("message.pinned", "message.unpinned")}
    changed = [row for row in rows if row.id in touched and not row.deleted_at]
    if not changed:
        return
    now = copies.known(folder, (row.seq for row in changed))
    mailbox.open(folder.name)
    for on in (True, False):
        uids = [now[r.seq].uid for r in changed if r.seq in now and (r.pinned_at is not None) == on]
        mailbox.mark(uids, mails.PINNED, on)


def _said_of(place: Place, deleted: Sequence[Message]) -> set[int]:
    """The numbers of the events that said the text of deleted messages."""
    seqs: set[int] = set()
    for row in deleted:
        later = Event.objects.filter(stream=place.stream, seq__gt=row.seq, kind="message.edited", payload__id=row.id)
        seqs |= {row.seq, *later.values_list("seq", flat=True)}
    return seqs


def _deliver_log(mailbox: Mailbox, place: Place, entries: Sequence[Entry], forget: set[int]) -> None:
    logged = {entry.seq: entry for entry in entries if _belongs_in_log(place, entry)}
    if not logged and not forget:
        return
    have = copies.known(place.log, {*logged, *forget})
    missing = [entry for seq, entry in logged.items() if seq not in have]
    again = [entry for seq in sorted(forget & have.keys()) for entry in log.read(place.stream, seq - 1, limit=1)]
    copies.write(mailbox, place.log, _wanted(place, [*again, *missing]), have)


def _wanted(place: Place, entries: Sequence[Entry]) -> Iterator[Wanted]:
    for entry, mail in zip(entries, logbook.entries(place, entries) if entries else (), strict=True):
        yield Wanted(entry.seq, "", mail)


def _belongs_in_log(place: Place, entry: Entry) -> bool:
    return entry.kind != "message.posted" or entry.origin in CAME_AS_MAIL


def _tell_channels(place: Place, entries: Iterable[Entry]) -> None:
    """People who come, go or change roles: the access lists of the organization's channels follow."""
    if any(entry.kind.startswith("member.") for entry in entries):
        Folder.objects.filter(org=place.org, kind=Folder.Kind.POSTS).update(untidy=True)


def write_again(mailbox: Mailbox, place: Place, posts: Sequence[int], logged: Sequence[int]) -> None:
    """Append the mails of these events once more, as they would be now; their copies were forgotten before."""
    if place.posts and place.channel and posts:
        rows = list(Message.objects.filter(channel=place.channel, seq__in=posts, deleted_at=None).order_by("seq"))
        copies.write(mailbox, place.posts, _posts(place.channel, rows), {})
    entries = [entry for seq in logged for entry in log.read(place.stream, seq - 1, limit=1)]
    copies.write(mailbox, place.log, _wanted(place, entries), {})
