"""The rows of an organization, written in one transaction, and the mirror's own: what is in the folders stays there."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from channels_app.chat import sharing
from channels_app.chat.guests import lane_of
from channels_app.chat.models import Attachment as AttachmentRow
from channels_app.chat.models import Channel, Membership, Mention, Message, Reaction, Revision, Seat, Share, Visitor
from channels_app.files import uploads
from channels_app.files.models import StoredFile
from channels_app.letters import incoming
from channels_app.mail import Attachment as Part
from channels_app.mirror import names, ours
from channels_app.mirror.folders import UNKNOWN
from channels_app.mirror.imap import ROOT, Mailbox
from channels_app.mirror.models import Copy, Folder
from channels_app.mirror.names import LOG
from channels_app.mirror.rebuild import personal, reading
from channels_app.mirror.rebuild.people import People
from channels_app.mirror.rebuild.reading import Event, FoundPost, Log
from channels_app.mirror.rebuild.replay import Posted, Replay, Rows, moment
from channels_app.mirror.settling import SUBSCRIBER
from channels_app.mirror.wire import State
from workspace.events import log as event_log
from workspace.events.models import Lane, Stream
from workspace.people.models import Organization, Person, Role

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counts:
    """What was restored; `lost` are numbers of events whose mails are gone."""

    organizations: int = 0
    people: int = 0
    channels: int = 0
    messages: int = 0
    files: int = 0
    events: int = 0
    lost: int = 0
    skipped: list[str] = field(default_factory=list)


class NotEmpty(Exception):
    """The database has organizations already."""


def rebuild(mailbox: Mailbox) -> Counts:
    """Restore everything the folders know. Raises `NotEmpty`, and one of `imap.TROUBLE`."""
    if Organization.objects.exists():
        raise NotEmpty("The database is not empty; a rebuild fills an empty one.")
    counts = Counts()
    states = mailbox.all_states([])
    for slug in reading.organizations(states):
        with transaction.atomic():
            _organization(mailbox, slug, states, counts)
    return counts


def _organization(mailbox: Mailbox, slug: str, states: Mapping[str, State], counts: Counts) -> None:
    name = f"{ROOT}/{slug}/{LOG}"
    found = reading.read_log(mailbox, name)
    if not found.stream.startswith("org:"):
        counts.skipped.append(name)
        return
    people = People(slug, found)
    people.write()
    counts.organizations += 1
    counts.people += len(people.by_id)
    counts.events += len(people.entries)
    _write_log_folder(people.org, found, name)
    bases, left_out = reading.channels(mailbox, states, slug)
    counts.skipped += left_out
    for base in bases:
        _channel(mailbox, people, base, counts)
    if names.people(people.org) in states:
        personal.restore(mailbox, people)


def _channel(mailbox: Mailbox, people: People, base: str, counts: Counts) -> None:
    found = reading.read_log(mailbox, f"{base}/{LOG}")
    first = next((e for _, e in sorted(found.events.items()) if e["kind"] == "channel.created"), None)
    if first is None or not found.stream.startswith("channel:"):
        counts.skipped.append(base)
        return
    shape = first["payload"]["channel"]
    channel = Channel(
        id=shape["id"],
        org=people.org,
        name=shape["name"],
        kind=shape["kind"],
        topic=shape["topic"],
        created_by_id=shape["created_by"],
        created_at=moment(shape["created_at"]),
    )
    state, mails = reading.read_posts(mailbox, base)
    reader = _Posts(people, channel, found)
    posts, uids = reader.read(mails)
    rows = Replay(channel, found.events, posts).run()
    _write_rows(rows, people)
    _write_folder(channel, base, state, _live(uids, rows), reader.outdated(rows, uids))
    _write_log_folder(people.org, found, f"{base}/{LOG}")
    counts.channels += 1
    counts.messages += len(rows.messages)
    counts.files += sum(map(len, rows.files.values()))
    counts.events += len(rows.entries)
    counts.lost += rows.lost


class _Posts:
    """Mails of a channel's folder as messages: ours by their headers, others by what the Log says of them."""

    def __init__(self, people: People, channel: Channel, found: Log) -> None:
        self._people, self._channel = people, channel
        carried_in = [event for event in found.events.values() if event["kind"] == "message.posted"]
        self._carried_in = {event.get("facts", {}).get("client_id"): event for event in carried_in}
        self._by_id = {event["payload"]["message"]["id"]: event for event in carried_in}
        self._versions = found.versions()

    def read(self, mails: Iterable[FoundPost]) -> tuple[dict[int, Posted], dict[int, tuple[int, str]]]:
        """({number: message}, {number: (UID, version)}).

        Of two mails of one message the one counts that the Log confirms, else the first: a later one may be forged.
        """
        posts: dict[int, Posted] = {}
        uids: dict[int, tuple[int, str]] = {}
        for mail in mails:
            event = self._carried_in.get(ours.carried_in_id(self._channel.id, mail.raw))
            if event is not None and event["seq"] not in posts:
                posts[event["seq"]] = self._theirs(mail, event)
                uids[event["seq"]] = (mail.uid, "")
            elif event is None and mail.facts.get("Seq", "").isdecimal() and self._is_ours(mail):
                seq, version = int(mail.facts["Seq"]), mail.facts.get("Edited-At", "")
                if seq not in posts or (uids[seq][1] != version == self._versions.get(posts[seq].row.id, "")):
                    posts[seq] = self._ours(mail, seq)
                    uids[seq] = (mail.uid, version)
        for event in self._by_id.values():  # the mail is gone, but the Log has what it said
            if event["seq"] not in posts:
                posts[event["seq"]] = self._said(event, [])
        return posts, uids

    def outdated(self, rows: Rows, uids: Mapping[int, tuple[int, str]]) -> list[int]:
        """The numbers of messages whose mail is gone or of another version."""
        live = [row for row in rows.messages.values() if not row.deleted_at]
        return [r.seq for r in live if uids.get(r.seq, (0, "-"))[1] != self._versions.get(r.id, "")]

    def _is_ours(self, mail: FoundPost) -> bool:
        own = mail.parsed.own
        if own is not None:
            return own.channel == self._channel.id and own.domain == settings.MAIL_DOMAIN
        return mail.facts.get("Id") in self._by_id

    def _ours(self, mail: FoundPost, seq: int) -> Posted:
        facts = mail.facts
        if known := self._by_id.get(facts.get("Id")):  # a guest's: what it said at first is in the Log, exactly
            return self._said(known, [file for file in mail.files if file.file_id])
        row = Message(id=facts.get("Id") or (mail.parsed.own.message if mail.parsed.own else ""), seq=seq)
        row.channel, row.author_id = self._channel, facts["Author"]
        row.text, row.html = mail.parsed.text, reading.html_of(mail.raw, self._people.ids_by_email)
        row.thread_id, row.also_to_channel = facts.get("Thread"), "Also-To-Channel" in facts
        row.mentions, row.mentions_all = facts.get("Mentions", "").split(), facts.get("Mentions-All")
        row.origin, row.created_at = facts["Origin"], moment(facts["At"])
        row.client_id = facts.get("Client", row.id)
        self._people.ensure(row.author_id, mail.author)
        files = [self._store(row, file.file_id, file) for file in mail.files if file.file_id]
        return Posted(row, self._people.name_at(row.author_id, row.created_at, mail.author.name), files)

    def _theirs(self, mail: FoundPost, event: Event) -> Posted:
        return self._said(event, incoming.files_of(mail.parsed))

    def _said(self, event: Event, parts: Sequence[Part]) -> Posted:
        """A message that came in as a mail, from what the Log says of it, and the files from the mail."""
        shape = event["payload"]["message"]
        row = Message(id=shape["id"], seq=event["seq"], channel=self._channel, author_id=shape["author"])
        for name in ("text", "html", "quoted", "mentions", "mentions_all", "also_to_channel", "origin"):
            setattr(row, name, shape[name])
        row.thread_id, row.created_at = shape["thread"], moment(shape["created_at"])
        facts = event.get("facts", {})
        row.client_id, row.external_id = facts.get("client_id", row.id), facts.get("external_id")
        files = [self._store(row, known["id"], part) for known, part in zip(shape["files"], parts, strict=False)]
        return Posted(row, shape["author_name"], files)

    def _store(self, row: Message, file_id: str | None, file: Part) -> StoredFile:
        uploader = self._people.ensure(row.author_id)
        known = StoredFile.objects.filter(id=file_id).first()
        return known or uploads.store(
            uploader=uploader, name=file.name or "file", chunks=[file.content], declared_type=file.type, id=file_id
        )


def _live(uids: Mapping[int, tuple[int, str]], rows: Rows) -> dict[int, tuple[int, str]]:
    dead = {row.seq for row in rows.messages.values() if row.deleted_at}
    return {seq: found for seq, found in uids.items() if seq not in dead}


def _write_rows(rows: Rows, people: People) -> None:
    channel = rows.channel
    sponsors = (seat.sponsor_id for seat in rows.seats.values())
    authors = (row.author_id for row in rows.messages.values())
    for person in [*rows.memberships, *sponsors, *authors, channel.created_by_id]:
        people.ensure(person) if person else None
    channel.save(force_insert=True)
    Membership.objects.bulk_create(rows.memberships.values(), batch_size=1000)
    Seat.objects.bulk_create(rows.seats.values(), batch_size=1000)
    # A thread's root has a lower number than its answers.
    Message.objects.bulk_create(sorted(rows.messages.values(), key=lambda row: row.seq), batch_size=1000)
    Revision.objects.bulk_create((r for found in rows.revisions.values() for r in found), batch_size=1000)
    Reaction.objects.bulk_create((r for found in rows.reactions.values() for r in found.values()), batch_size=1000)
    Mention.objects.bulk_create(
        (
            Mention(message=row, person_id=person, channel=channel, seq=row.seq)
            for row in rows.messages.values()
            for person in row.mentions
            if person != row.author_id
        ),
        batch_size=1000,
    )
    AttachmentRow.objects.bulk_create(
        AttachmentRow(message_id=id, file=file, position=position)
        for id, files in rows.files.items()
        for position, file in enumerate(files)
    )
    head = rows.entries[-1].seq if rows.entries else 0
    Stream.objects.create(key=channel.stream, org=channel.org_id, head=head)
    event_log.insert(rows.entries)
    _write_shares(rows, people, head)
    # Guests got what was said before.
    lanes = [Lane(subscriber=lane_of(guest), stream_id=channel.stream, cursor=head) for guest in rows.seats]
    Lane.objects.bulk_create(lanes)


def _write_shares(rows: Rows, people: People, head: int) -> None:
    """Both sides find out anew what the other has (`mail.slip`); whoever came by a share is known by their address."""
    for share in rows.shares.values():
        share.org = people.org
        share.base = share.sent = share.acked = head
        share.due = timezone.now() if share.state == Share.State.ACTIVE else None
        share.save(force_insert=True)
        if share.state == Share.State.ACTIVE:
            Lane.objects.create(subscriber=sharing.lane_of(share.id), stream_id=rows.channel.stream, cursor=head)
        theirs = Person.objects.filter(org=people.org, role=Role.GUEST, email__endswith=f"@{share.domain}")
        for person in theirs.filter(memberships__channel=rows.channel).exclude(memberships__seat__isnull=False):
            handle = person.email.partition("@")[0].removesuffix(f".{share.code.lower()}")
            Visitor.objects.get_or_create(person=person, defaults=_visitor(share, handle))


def _visitor(share: Share, handle: str) -> dict[str, str]:
    return {"org_id": share.org_id, "domain": share.domain, "handle": handle}


def _write_folder(
    channel: Channel, name: str, state: State, copies: Mapping[int, tuple[int, str]], outdated: Sequence[int]
) -> None:
    """What is in the folder stays there; the lane goes on behind it, or at the first message that is outdated."""
    folder = Folder.objects.create(
        stream=channel.stream,
        kind=Folder.Kind.POSTS,
        org=channel.org,
        name=name,
        uidvalidity=state.uidvalidity,
        uidnext=1,
        held=len(copies),
        acl=UNKNOWN,
    )
    Copy.objects.bulk_create(
        (Copy(folder=folder, uid=uid, seq=seq, version=version) for seq, (uid, version) in copies.items()),
        batch_size=1000,
    )
    cursor = min(outdated) - 1 if outdated else Stream.objects.get(key=channel.stream).head
    Lane.objects.create(subscriber=SUBSCRIBER, stream_id=channel.stream, cursor=cursor)


def _write_log_folder(org: Organization, found: Log, name: str) -> None:
    folder = Folder.objects.create(
        stream=found.stream,
        kind=Folder.Kind.LOG,
        org=org,
        name=name,
        uidvalidity=found.state.uidvalidity,
        uidnext=found.state.uidnext,
        held=len(found.uids),
        acl=UNKNOWN,
    )
    Copy.objects.bulk_create(
        (Copy(folder=folder, uid=uid, seq=seq) for seq, uid in found.uids.items()), batch_size=1000
    )
    if found.stream.startswith("org:"):
        head = Stream.objects.get(key=found.stream).head
        Lane.objects.create(subscriber=SUBSCRIBER, stream_id=found.stream, cursor=head)
