"""Messages and events as mails: what the codec needs, read from the database in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from channels_app.chat.models import Attachment as AttachmentRow
from channels_app.chat.models import Channel, Message, Reaction
from channels_app.files import storage
from channels_app.mail import Address, Attachment, LogEntry, Post, compose_log, compose_post, message_id
from channels_app.mirror.imap import Mail
from workspace.events.log import Entry, stamp
from workspace.people.models import Person

SENTENCES = {
    "message.edited": "edited a message",
    "message.deleted": "deleted a message",
    "message.pinned": "pinned a message",
    "message.unpinned": "took a pin off",
    "reaction.added": "reacted",
    "reaction.removed": "took a reaction back",
    "member.joined": "came in",
    "member.left": "left",
    "channel.created": "made this channel",
    "channel.changed": "changed this channel",
    "channel.archived": "archived or reopened this channel",
    "channel.deleted": "deleted this channel",
}


def own_id(channel_id: str, message: str) -> str:
    """The Message-ID of a message of ours."""
    return message_id(channel_id, message, settings.MAIL_DOMAIN)


def version(row: Message) -> str:
    return stamp(row.edited_at) if row.edited_at else ""


def posts(channel: Channel, rows: Sequence[Message]) -> list[Mail]:
    """Messages as mails, in order: three queries for all of them, and their files."""
    people = Person.objects.in_bulk({row.author_id for row in rows} | {id for row in rows for id in row.mentions})
    roots = {row.thread_id for row in rows if row.thread_id}
    external = dict(Message.objects.filter(id__in=roots, external_id__isnull=False).values_list("id", "external_id"))
    files = _files([row.id for row in rows])
    return [Mail(compose_post(_post(channel, row, people, external, files)), row.created_at) for row in rows]


def _files(ids: Sequence[str]) -> dict[str, list[Attachment]]:
    found: dict[str, list[Attachment]] = {}
    for row in AttachmentRow.objects.filter(message__in=ids).select_related("file").order_by("position"):
        with storage.open_file(row.file.key) as content:
            attachment = Attachment(row.file.name, row.file.type, content.read(), row.file.id)
        found.setdefault(row.message_id, []).append(attachment)
    return found


def _post(
    channel: Channel,
    row: Message,
    people: dict[str, Person],
    external: dict[str, str | None],
    files: dict[str, list[Attachment]],
) -> Post:
    root = (external.get(row.thread_id) or own_id(channel.id, row.thread_id)) if row.thread_id else None
    return Post(
        channel_uid=channel.id,
        message_uid=row.id,
        domain=settings.MAIL_DOMAIN,
        channel_name=channel.name or "Direct message",
        channel_address=address(channel),
        author=_address(people[row.author_id]),
        date=row.created_at,
        text=row.text,
        html=row.html,
        in_reply_to=root,
        references=(root,) if root else (),
        attachments=tuple(files.get(row.id, ())),
        roost=_facts(row),
        mentions=tuple(_address(people[id]) for id in row.mentions if id in people),
    )


def _facts(row: Message) -> dict[str, str]:
    """What a mail can't say otherwise, for the rebuild."""
    facts = {"Seq": str(row.seq), "Author": row.author_id, "Origin": row.origin, "At": stamp(row.created_at)}
    if row.thread_id:
        facts["Thread"] = row.thread_id
    if row.also_to_channel:
        facts["Also-To-Channel"] = "yes"
    if row.edited_at:
        facts["Edited-At"] = stamp(row.edited_at)
    return facts


def address(channel: Channel) -> str:
    """The channel's own mail address."""
    local = channel.name if channel.name.isascii() and channel.name else channel.id
    return f"{local}@{channel.org.slug}.{settings.MAIL_DOMAIN}"


def _address(person: Person) -> Address:
    return Address(person.name, person.email)


def log_entries(channel: Channel, entries: Sequence[Entry]) -> list[Mail]:
    """Events as mails of the Log, in order."""
    people = Person.objects.in_bulk({entry.actor for entry in entries if entry.actor})
    return [_log(channel, entry, people) for entry in entries]


def _log(channel: Channel, entry: Entry, people: dict[str, Person]) -> Mail:
    actor = people.get(entry.actor or "")
    who = _address(actor) if actor else Address("Roost", address(channel))
    target = entry.payload.get("id") if entry.kind.startswith(("message.", "reaction.")) else None
    mail = compose_log(
        LogEntry(
            channel_uid=channel.id,
            seq=entry.seq,
            domain=settings.MAIL_DOMAIN,
            channel_name=channel.name or "Direct message",
            channel_address=address(channel),
            actor=who,
            date=entry.at,
            kind=entry.kind,
            text=_sentence(who, entry),
            target=own_id(channel.id, target) if target else None,
            event=entry.json(),
            emoji=_emoji(entry) if entry.kind.startswith("reaction.") else None,
        )
    )
    return Mail(mail, entry.at)


def _sentence(who: Address, entry: Entry) -> str:
    payload: dict[str, Any] = dict(entry.payload)
    if entry.kind == "message.edited":
        return str(payload.get("text", ""))
    return f"{who.name} {SENTENCES.get(entry.kind, entry.kind)}."


def _emoji(entry: Entry) -> str:
    """Every emoji the person has on the message now (RFC 9078: a reaction mail replaces the one before)."""
    payload = entry.payload
    now = Reaction.objects.filter(message=payload["id"], person=payload["person"]).order_by("id")
    return " ".join(now.values_list("emoji", flat=True))
