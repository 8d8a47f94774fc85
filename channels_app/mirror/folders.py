"""Keeping folders in shape: they exist under their names, and their access lists are the membership.

Whoever works on a stream's folders holds their rows' locks, the posts' before the Log's (and the lane's before both),
and takes them before a connection: nobody waits for a lock while others wait for the connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels_app.chat.models import Channel
from channels_app.mirror import names
from channels_app.mirror.imap import ROOT, Mailbox, Unexpected
from channels_app.mirror.models import Arrival, Copy, Folder
from channels_app.mirror.wire import State
from workspace.events import prepared
from workspace.events.ids import new_id
from workspace.people.models import Organization

POSTS, LOG = Folder.Kind.POSTS, Folder.Kind.LOG
# An access list that has to be read first.
UNKNOWN = {"": "unknown"}


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of a stream, and what they are of: a channel's has both, an organization's only a Log.

    `people:<organization>` is no stream, but stands for the folder of what only one person sees (`personal`).
    """

    stream: str
    org: Organization
    channel: Channel | None
    posts: Folder | None
    log: Folder

    @property
    def folders(self) -> list[Folder]:
        return [self.posts, self.log] if self.posts else [self.log]

    def names(self) -> list[str]:
        """What the folders should be called, in the order of `folders`."""
        if self.channel is None:
            return [names.people(self.org) if self.stream.startswith("people:") else names.org_log(self.org)]
        name = names.channel_folder(self.channel)
        return [name, f"{name}/{names.LOG}"]


def claim(stream: str) -> Place | None:
    """A stream's folders, their rows locked until the transaction ends; None when the stream is not mirrored."""
    kind, _, id = stream.partition(":")
    channel = next(iter(prepared.rows(Channel, "id = %s", [id])), None) if kind == "channel" else None
    org = next(iter(prepared.rows(Organization, "id = %s", [channel.org_id if channel else id])), None)
    if org is None:
        return None
    if channel is not None:
        channel.org = org
    wanted = {POSTS, LOG} if channel else {LOG}
    rows = _locked(stream)
    if rows.keys() != wanted:
        missing = [Folder(stream=stream, kind=kind, org=org) for kind in sorted(wanted)]
        Folder.objects.bulk_create(missing, ignore_conflicts=True)
        rows = _locked(stream)
    return Place(stream, org, channel, rows.get(POSTS), rows[LOG])


def _locked(stream: str) -> dict[str, Folder]:
    # "posts" after "log" in the alphabet, before it in the order of locks. NO KEY: the bell writes down who appended
    # while somebody works on the folder; a stricter lock would hold up the append, or end in a deadlock.
    where = "stream = %s ORDER BY kind DESC FOR NO KEY UPDATE"
    return {row.kind: row for row in prepared.rows(Folder, where, [stream])}


@dataclass(frozen=True, slots=True)
class Shaped:
    """What `shape` found: folders that are new to us (their copies were forgotten), or why it has to wait."""

    fresh: bool = False
    waits: str = ""


def shape(mailbox: Mailbox, place: Place) -> Shaped:
    """Make, move and open up the folders of a place as they should be.

    A folder that is gone or has another UIDVALIDITY is a new one: its copies are forgotten. The caller lets the lane
    begin anew then, which finds or writes them again.
    """
    wanted = place.names()
    first = place.folders[0]
    if first.name and first.name != wanted[0]:
        waits = _move(mailbox, place, wanted[0])
        if waits:
            return Shaped(waits=waits)
    there = mailbox.states(wanted)
    for row, name in zip(place.folders, wanted, strict=True):
        if Folder.objects.filter(name=name).exclude(id=row.id).exists():
            return Shaped(waits=f"{name} is still the folder of another channel")
        if name in there and not row.uidvalidity and there[name].messages:
            _move_stranger(mailbox, place, name)
            there = mailbox.states(wanted)
        if name not in there:
            mailbox.create(name)
        row.name = name
        row.save(update_fields=["name"])
    there = mailbox.states(wanted)
    fresh = [_recognise(row, there.get(row.name)) for row in place.folders]
    for row in place.folders:
        _grant(mailbox, place, row)
        row.untidy = False
        row.save(update_fields=["untidy"])
    return Shaped(fresh=any(fresh))


def _move(mailbox: Mailbox, place: Place, wanted: str) -> str:
    """Rename the posts' folder, its Log goes with it; why that has to wait, or nothing."""
    row = place.folders[0]
    there = mailbox.states([row.name, wanted])
    if row.name not in there:
        return ""  # gone, or renamed by a worker who died before that was written down
    if Folder.objects.filter(name=wanted).exclude(stream=place.stream).exists():
        # Two channels may swap their names: who comes first steps aside, so that the other can go on.
        if place.channel and row.name != names.waiting_place(place.channel):
            _rename(mailbox, place, names.waiting_place(place.channel))
        return f"{wanted} is still the folder of another channel"
    if wanted in there:
        _move_stranger(mailbox, place, wanted)
    _rename(mailbox, place, wanted)
    return ""


def _rename(mailbox: Mailbox, place: Place, name: str) -> None:
    mailbox.rename(place.folders[0].name, name)
    for row, fresh in zip(place.folders, (name, f"{name}/{names.LOG}"), strict=False):
        row.name = fresh
        row.save(update_fields=["name"])


def _move_stranger(mailbox: Mailbox, place: Place, name: str) -> None:
    """A folder that is not of this database, perhaps all that is left of a former one: it makes room, and stays."""
    tail = name.removeprefix(f"{ROOT}/{place.org.slug}/").replace("/", "-")
    mailbox.rename(name, f"{ROOT}/{place.org.slug}/Archive/found-{new_id()}-{tail}")


def _recognise(row: Folder, state: State | None) -> bool:
    if state is None:
        raise Unexpected(f"{row.name} could not be made")
    if state.uidvalidity == row.uidvalidity:
        return False
    Copy.objects.filter(folder=row).delete()
    Arrival.objects.filter(folder=row).exclude(uidvalidity=state.uidvalidity).delete()
    row.uidvalidity, row.uidnext, row.modseq, row.held, row.acl = state.uidvalidity, 1, 0, 0, UNKNOWN
    row.save(update_fields=["uidvalidity", "uidnext", "modseq", "held", "acl"])
    return True


def _grant(mailbox: Mailbox, place: Place, row: Folder) -> None:
    """Make a folder's access list what the membership says; only what differs is sent. Nobody reads a Log."""
    wanted = names.rights(place.channel) if place.channel and row.kind == POSTS else {}
    known: Mapping[str, str] = row.acl
    if "" in known:  # a folder that was just made has inherited the list of the one above it
        known = mailbox.acl(row.name)
    changes = {who: wanted.get(who, "") for who in known.keys() | wanted.keys() if known.get(who) != wanted.get(who)}
    mailbox.grant(row.name, changes)
    if row.acl != wanted:
        row.acl = wanted
        row.save(update_fields=["acl"])
