"""Messages as mails: what the codec needs, read from the database in bulk, and composed when it is their turn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from channels_app.chat.models import Attachment as AttachmentRow
from channels_app.chat.models import Channel, Message
from channels_app.files import storage
from channels_app.files.models import StoredFile
from channels_app.mail import Address, Attachment, Post, compose_post, message_id
from workspace.events import prepared
from workspace.events.log import stamp
from workspace.people.models import Person


def own_id(channel_id: str, message: str) -> str:
    """The Message-ID of a message of ours."""
    return message_id(channel_id, message, settings.MAIL_DOMAIN)


def mail_id(row: Message) -> str:
    """The Message-ID of a message's mail: that of the mail it came in as, else our own."""
    return row.external_id or own_id(row.channel_id, row.id)


def version(row: Message) -> str:
    """Which version of a message a mail of it is now."""
    return stamp(row.edited_at) if row.edited_at else ""


def address(channel: Channel) -> str:
    """The channel's own mail address."""
    local = channel.name if channel.name.isascii() and channel.name else channel.id
    return f"{local}@{channel.org.slug}.{settings.MAIL_DOMAIN}"


def shown_name(channel: Channel) -> str:
    return channel.name or "Direct message"


def person_address(person: Person) -> Address:
    return Address(person.name, person.email)


@dataclass(frozen=True, slots=True)
class Around:
    """What several messages of a channel need besides themselves.

    `people` are the authors and those who are mentioned, by id; `external` the Message-IDs of those roots of threads
    that came in as mails, by the root's id; `files` by message, in their order.
    """

    channel: Channel
    people: Mapping[str, Person]
    external: Mapping[str, str]
    files: Mapping[str, Sequence[StoredFile]]


def gather(channel: Channel, rows: Sequence[Message]) -> Around:
    """What these messages need to be mails, in at most four queries for all of them."""
    ids = {row.author_id for row in rows} | {id for row in rows for id in row.mentions}
    people = {person.id: person for person in prepared.rows(Person, "id = ANY(%s)", [list(ids)])}
    roots = [row.thread_id for row in rows if row.thread_id]
    known = prepared.rows(Message, "id = ANY(%s) AND external_id IS NOT NULL", [roots]) if roots else []
    files: dict[str, list[StoredFile]] = defaultdict(list)
    attached = prepared.rows(AttachmentRow, "message_id = ANY(%s) ORDER BY position", [[row.id for row in rows]])
    stored = StoredFile.objects.in_bulk([one.file_id for one in attached]) if attached else {}
    for one in attached:
        files[one.message_id].append(stored[one.file_id])
    return Around(channel, people, {row.id: row.external_id or "" for row in known}, files)


def compose(row: Message, around: Around) -> bytes:
    """The COI mail of a message, under its `mail_id`."""
    composed = compose_post(post_of(row, around))
    if row.external_id:  # it keeps the id under which it came in, so that answers to it stay in its thread
        ours = f"\r\nMessage-ID: {own_id(row.channel_id, row.id)}\r\n".encode()
        composed = composed.replace(ours, f"\r\nMessage-ID: {row.external_id}\r\n".encode("ascii", "ignore"), 1)
    return composed


def post_of(row: Message, around: Around) -> Post:
    """A message as the codec takes it; its files are read from the storage now."""
    channel = around.channel
    root = (around.external.get(row.thread_id) or own_id(channel.id, row.thread_id)) if row.thread_id else None
    return Post(
        channel_uid=channel.id,
        message_uid=row.id,
        domain=settings.MAIL_DOMAIN,
        channel_name=shown_name(channel),
        channel_address=address(channel),
        author=person_address(around.people[row.author_id]),
        date=row.created_at,
        text=row.text,
        html=row.html,
        in_reply_to=root,
        references=(root,) if root else (),
        attachments=tuple(_attachment(file) for file in around.files.get(row.id, ())),
        roost=_facts(row),
        mentions=_mentioned(row, around.people),
    )


def _attachment(file: StoredFile) -> Attachment:
    try:
        with storage.open_file(file.key) as content:
            return Attachment(file.name, file.type, content.read(), file.id)
    except FileNotFoundError:  # the mail says so, instead of holding up the channel for ever
        return Attachment(f"{file.name} (lost).txt", "text/plain", b"This file is no longer in the storage.\n", file.id)


def _mentioned(row: Message, people: Mapping[str, Person]) -> tuple[Address, ...]:
    """The people whose mentions become links. Of two with one name neither does, because the codec goes by the name."""
    found = [people[id] for id in row.mentions if id in people]
    namesakes = Counter(person.name for person in found)
    return tuple(person_address(person) for person in found if namesakes[person.name] == 1)


def _facts(row: Message) -> dict[str, str]:
    """What a mail can't say otherwise, for the rebuild: `Roost-*` headers."""
    facts = {"Id": row.id, "Seq": str(row.seq), "Author": row.author_id, "Origin": row.origin}
    facts["At"] = stamp(row.created_at)
    if row.client_id != row.id:
        facts["Client"] = row.client_id
    if row.thread_id:
        facts["Thread"] = row.thread_id
    if row.also_to_channel:
        facts["Also-To-Channel"] = "yes"
    if row.mentions:
        facts["Mentions"] = " ".join(row.mentions)
    if row.mentions_all:
        facts["Mentions-All"] = row.mentions_all
    if row.edited_at:
        facts["Edited-At"] = stamp(row.edited_at)
    return facts
