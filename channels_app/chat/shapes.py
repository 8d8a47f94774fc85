"""The conversation as JSON (api.md): built here only, for every door and for the events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

from django.db import connection
from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from channels_app.chat.models import (
    Attachment,
    Channel,
    Draft,
    GuestLink,
    GuestRequest,
    Kind,
    Membership,
    Message,
    Seat,
    Share,
)
from channels_app.files import shapes as file_shapes
from channels_app.files.shapes import FileShape
from workspace.events import statement
from workspace.events.log import stamp
from workspace.people.models import Person

# Published with their values, so that clients in typed languages know them.
KindName = Annotated[str, WithJsonSchema({"type": "string", "enum": Kind.values})]
ChannelRoleName = Annotated[str, WithJsonSchema({"type": "string", "enum": Membership.Role.values})]
OriginName = Annotated[
    str, WithJsonSchema({"type": "string", "enum": ["web", "api", "imap", "mail", "share", "import"]})
]
CallName = Annotated[str, WithJsonSchema({"type": "string", "enum": ["channel", "here"]})]


DeliveryName = Annotated[str, WithJsonSchema({"type": "string", "enum": Seat.Delivery.values})]


class SeatShape(TypedDict):
    """How a guest (`person`, an id) sits in a channel; `sponsor` is who vouches for them.

    `encrypted`: all mail is encrypted between them and this server, which itself reads it.
    """

    person: str
    sponsor: str | None
    expires_at: str | None
    delivery: DeliveryName
    encrypted: bool


class LinkShape(TypedDict):
    """A link to a channel that `maker` (a person's id) made; `most` is how many come in by it, `came` how many did."""

    id: str
    channel: str
    maker: str
    approval: bool
    most: int | None
    came: int
    expires_at: str | None
    created_at: str


class GuestRequestShape(TypedDict):
    """Somebody who asks to be a guest of a channel by a link that `maker` (a person's id) made."""

    id: str
    channel: str
    maker: str
    name: str
    email: str
    asked_at: str


ShareStateName = Annotated[str, WithJsonSchema({"type": "string", "enum": Share.State.values})]


class ShareShape(TypedDict):
    """A channel that another organization has too. `org_name` is theirs, once it is known; `by` our admin (an id).

    `name`, `topic` and `from_name` are what an offer to us says of the channel and of who offers it; `why` is why it
    ended.
    """

    id: str
    channel: str | None
    state: ShareStateName
    address: str
    org_name: str
    domain: str
    name: str
    topic: str
    from_name: str
    by: str | None
    at: str
    why: str


class MyShape(TypedDict):
    joined_at: str
    read: int
    unread: int
    mentions: int
    role: ChannelRoleName
    muted: bool


class ChannelShape(TypedDict):
    id: str
    org: str
    name: str
    kind: KindName
    topic: str
    archived: bool
    created_at: str
    created_by: str | None
    members: int
    head: int
    my: MyShape | None
    people: list[str]


class ReactionShape(TypedDict):
    """In no promised order; the people in the order they reacted."""

    emoji: str
    people: list[str]


class PinShape(TypedDict):
    by: str | None
    at: str


class RepliesShape(TypedDict):
    count: int
    last_at: str | None
    people: list[str]


class MessageShape(TypedDict):
    """A message as it stands; `client_id` is what its author's client called it when it was posted, if it did."""

    id: str
    client_id: str | None
    seq: int
    channel: str
    thread: str | None
    also_to_channel: bool
    author: str
    author_name: str
    text: str
    html: str
    files: list[FileShape]
    reactions: list[ReactionShape]
    mentions: list[str]
    mentions_all: CallName | None
    edited_at: str | None
    deleted: bool
    pinned: PinShape | None
    replies: RepliesShape | None
    origin: OriginName
    quoted: str | None
    created_at: str


class DraftShape(TypedDict):
    channel: str
    thread: str
    text: str
    updated_at: str


class VersionShape(TypedDict):
    text: str
    html: str
    at: str


class CountsShape(TypedDict):
    """What is read and what is not, as of the channel's event `head`."""

    read: int
    unread: int
    mentions: int
    head: int


def at(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None


def guest_link(row: GuestLink) -> LinkShape:
    return {
        "id": row.id,
        "channel": row.channel_id,
        "maker": row.maker_id,
        "approval": row.approval,
        "most": row.most,
        "came": row.came,
        "expires_at": at(row.expires_at),
        "created_at": stamp(row.created_at),
    }


def guest_request(row: GuestRequest) -> GuestRequestShape:
    return {
        "id": row.id,
        "channel": row.channel_id,
        "maker": row.maker_id,
        "name": row.name,
        "email": row.email,
        "asked_at": stamp(row.asked_at),
    }


def draft(row: Draft) -> DraftShape:
    return {"channel": row.channel_id, "thread": row.thread, "text": row.text, "updated_at": stamp(row.updated_at)}


def message(row: Message) -> MessageShape:
    """One message as it stands (use `messages` for several)."""
    return messages([row])[0]


def messages(rows: Sequence[Message]) -> list[MessageShape]:
    """Messages in the order given: one query for all of them, whatever their number, and one more for files."""
    ids = [row.id for row in rows if not row.deleted_at]
    names: dict[str, str] = {}
    reacted: list[tuple[int, str, str, str]] = []
    with_files: list[str] = []
    for what, n, id, by, said in statement.run(_AROUND, [list({row.author_id for row in rows}), ids, ids]):
        if what == "name":
            names[id] = said
        elif what == "reaction":
            reacted.append((n, id, by, said))
        else:
            with_files.append(id)
    files, reactions = _files(with_files), _reactions(reacted)
    return [_message(row, names.get(row.author_id, ""), files[row.id], reactions[row.id]) for row in rows]


_AROUND = """
SELECT 'name', 0::bigint, id, '', name FROM people_person WHERE id = ANY(%s)
UNION ALL SELECT 'reaction', id, message_id, person_id, emoji FROM chat_reaction WHERE message_id = ANY(%s)
UNION ALL SELECT 'file', 0, message_id, '', '' FROM chat_attachment WHERE message_id = ANY(%s)
"""


def _files(ids: Sequence[str]) -> dict[str, list[FileShape]]:
    found: dict[str, list[FileShape]] = defaultdict(list)
    if ids:
        for attachment in Attachment.objects.filter(message__in=ids).select_related("file").order_by("position"):
            found[attachment.message_id].append(file_shapes.file(attachment.file))
    return found


def _reactions(rows: Iterable[tuple[int, str, str, str]]) -> dict[str, list[ReactionShape]]:
    """From (number, message, person, emoji); those with lower numbers came first."""
    found: dict[str, list[ReactionShape]] = defaultdict(list)
    by_emoji: dict[tuple[str, str], ReactionShape] = {}
    for _, message_id, person_id, emoji in sorted(rows):
        key = (message_id, emoji)
        if key not in by_emoji:
            by_emoji[key] = {"emoji": emoji, "people": []}
            found[message_id].append(by_emoji[key])
        by_emoji[key]["people"].append(person_id)
    return found


def fresh_message(row: Message, author_name: str, files: list[FileShape]) -> MessageShape:
    """A message that is about to be written: nobody reacted yet."""
    return _message(row, author_name, files, [])


def _message(row: Message, author_name: str, files: list[FileShape], reactions: list[ReactionShape]) -> MessageShape:
    gone = row.deleted_at is not None
    return {
        "id": row.id,
        "client_id": row.client_id if row.client_id != row.id else None,
        "seq": row.seq,
        "channel": row.channel_id,
        "thread": row.thread_id,
        "also_to_channel": row.also_to_channel,
        "author": row.author_id,
        "author_name": author_name,
        "text": "" if gone else row.text,
        "html": "" if gone else row.html,
        "files": files,
        "reactions": reactions,
        "mentions": [] if gone else row.mentions,
        "mentions_all": None if gone else row.mentions_all,
        "edited_at": None if gone else at(row.edited_at),
        "deleted": gone,
        "pinned": {"by": row.pinned_by_id, "at": stamp(row.pinned_at)} if row.pinned_at else None,
        "replies": {"count": row.reply_count, "last_at": at(row.last_reply_at), "people": row.reply_people}
        if row.reply_count
        else None,
        "origin": row.origin,
        "quoted": None if gone else row.quoted,
        "created_at": stamp(row.created_at),
    }


def channel(row: Channel, person: Person | None = None) -> ChannelShape:
    """One channel, as the person stands in it."""
    return channels([row], person)[0]


def channels(rows: Sequence[Channel], person: Person | None = None) -> list[ChannelShape]:
    """Channels in the order given: four queries for all of them, whatever their number."""
    ids = [row.id for row in rows]
    sizes = _sizes(ids)
    people = _direct_people([row.id for row in rows if row.kind == Kind.DIRECT])
    mine = _mine(ids, person) if person else {}
    return [_channel(row, *sizes.get(row.id, (0, 0)), people, mine) for row in rows]


def _channel(
    row: Channel, head: int, members: int, people: dict[str, list[str]], mine: dict[str, MyShape]
) -> ChannelShape:
    return {
        "id": row.id,
        "org": row.org_id,
        "name": row.name,
        "kind": row.kind,
        "topic": row.topic,
        "archived": row.archived_at is not None,
        "created_at": stamp(row.created_at),
        "created_by": row.created_by_id,
        "members": members,
        "head": head,
        "my": mine.get(row.id),
        "people": people.get(row.id, []),
    }


# One statement, so that the number of people is that of the head, also outside a snapshot.
_SIZES = """
SELECT c.id, s.head, (SELECT count(*) FROM chat_membership m JOIN people_person p ON p.id = m.person_id AND p.active
                      WHERE m.channel_id = c.id)
FROM unnest(%s::text[]) AS c(id) JOIN events_stream s ON s.key = 'channel:' || c.id
"""


def _sizes(ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """The head of each channel's stream, and how many active people are in it."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [list(ids)])
        return {id: (head, members) for id, head, members in cursor.fetchall()}


def _direct_people(ids: Sequence[str]) -> dict[str, list[str]]:
    people: dict[str, list[str]] = defaultdict(list)
    if ids:
        rows = Membership.objects.filter(channel__in=ids).order_by("person_id").values_list("channel_id", "person_id")
        for channel_id, person_id in rows:
            people[channel_id].append(person_id)
    return people


def _mine(ids: Sequence[str], person: Person) -> dict[str, MyShape]:
    rows = list(Membership.objects.filter(channel__in=ids, person=person))
    unread = counts(person, [row.channel_id for row in rows])
    return {
        row.channel_id: my(row, unread[row.channel_id]["unread"], unread[row.channel_id]["mentions"]) for row in rows
    }


def seat(row: Seat) -> SeatShape:
    return {
        "person": row.membership.person_id,
        "sponsor": row.sponsor_id,
        "expires_at": at(row.expires_at),
        "delivery": row.delivery,
        "encrypted": row.encrypted,
    }


def share(row: Share) -> ShareShape:
    return {
        "id": row.id,
        "channel": row.channel_id,
        "state": row.state,
        "address": row.address if row.ours else row.domain,
        "org_name": row.org_name,
        "domain": row.domain,
        "name": row.offer.get("name", ""),
        "topic": row.offer.get("topic", ""),
        "from_name": row.offer.get("by", ""),
        "by": row.by_id,
        "at": stamp(row.at),
        "why": row.why,
    }


def my(row: Membership, unread: int, mentions: int) -> MyShape:
    return {
        "joined_at": stamp(row.joined_at),
        "read": row.read,
        "unread": unread,
        "mentions": mentions,
        "role": row.role,
        "muted": row.muted,
    }


COUNT_LIMIT = 1000  # clients show 99+, so nobody waits for the exact size of a mountain

_COUNTS = """
SELECT m.channel_id, m.read,
  (SELECT count(*) FROM (
     SELECT 1 FROM chat_message x WHERE x.channel_id = m.channel_id AND x.seq > m.read AND x.author_id <> m.person_id
       AND x.deleted_at IS NULL AND (x.thread_id IS NULL OR x.also_to_channel) LIMIT %(limit)s) u),
  (SELECT count(*) FROM (
     SELECT n.seq FROM chat_mention n JOIN chat_message x ON x.id = n.message_id AND x.deleted_at IS NULL
       WHERE n.person_id = m.person_id AND n.channel_id = m.channel_id AND n.seq > m.read
     UNION
     SELECT x.seq FROM chat_message x WHERE x.channel_id = m.channel_id AND x.seq > m.read AND x.deleted_at IS NULL
       AND x.author_id <> m.person_id AND (c.kind = 'direct' OR x.mentions_all IS NOT NULL)
       AND (x.thread_id IS NULL OR x.also_to_channel OR x.mentions_all IS NOT NULL)
     LIMIT %(limit)s) u),
  s.head
FROM chat_membership m JOIN chat_channel c ON c.id = m.channel_id
  JOIN events_stream s ON s.key = 'channel:' || m.channel_id
WHERE m.person_id = %(person)s AND m.channel_id = ANY(%(channels)s)
"""


def counts(person: Person, channel_ids: Iterable[str]) -> dict[str, CountsShape]:
    """Read position, unread and mention counts (in direct conversations every message counts as a mention)."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"person": person.id, "channels": list(channel_ids), "limit": COUNT_LIMIT})
        return {
            channel: {"read": read, "unread": unread, "mentions": mentions, "head": head}
            for channel, read, unread, mentions, head in cursor.fetchall()
        }
