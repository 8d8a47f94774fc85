"""Events as mails of a Log: a sentence for people, the event itself for the rebuild, and what it does not say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from channels_app.chat import sharing
from channels_app.chat.models import Message, Reaction, Share
from channels_app.letters import outgoing
from channels_app.mail import Address, LogEntry, compose_log
from channels_app.mirror.folders import Place
from channels_app.mirror.wire import Mail
from workspace.events.log import Entry
from workspace.events.models import Event
from workspace.people.models import Person

SENTENCES = {
    "message.deleted": "deleted a message",
    "message.pinned": "pinned a message",
    "message.unpinned": "took a pin off",
    "reaction.added": "reacted",
    "reaction.removed": "took a reaction back",
    "member.joined": "brought in {who}",
    "member.left": "took out {who}",
    "member.changed": "changed the role of {who}",
    "guest.joined": "invited {who} to take part by mail",
    "guest.changed": "changed what {who} gets by mail",
    "guest.left": "ended the part of {who}, who took part by mail",
    "share.offered": "offered the channel to another organization",
    "share.active": "shares the channel with another organization",
    "share.ended": "no longer shares the channel with another organization",
    "delivery.failed": "can't reach {who} by mail",
    "channel.created": "made the channel {name}",
    "channel.changed": "named the channel {name}; its topic: {topic}",
    "channel.archived": "archived or reopened the channel",
    "channel.deleted": "deleted the channel",
    "org.created": "founded the organization",
    "org.changed": "changed the settings of the organization",
}


@dataclass(frozen=True, slots=True)
class _Around:
    """What several events need besides themselves."""

    people: Mapping[str, Person]
    emoji: Mapping[tuple[str, str], str]
    before: Mapping[str, dict[str, Any]]
    carried_in: Mapping[str, dict[str, Any]]
    targets: Mapping[str, str]
    shares: Mapping[str, dict[str, Any]]


def entries(place: Place, events: Sequence[Entry]) -> Iterator[Mail]:
    """Events as mails, in order; a few queries for all of them."""
    around = _around(place, events)
    for event in events:
        yield Mail(_compose(place, event, around), event.at)


def _around(place: Place, events: Sequence[Entry]) -> _Around:
    people = {event.actor for event in events if event.actor} | {id for event in events if (id := _person(event))}
    messages = {id for event in events if (id := _message(event))}
    rows = Message.objects.filter(id__in=messages) if messages else Message.objects.none()
    edits = {_message(event) for event in events if event.kind == "message.edited"}
    edited = {row.id: row.seq for row in rows if row.id in edits}
    posted = {event.seq for event in events if event.kind == "message.posted"}
    return _Around(
        people=Person.objects.in_bulk(people),
        emoji=_emoji(events),
        before=_as_posted(place, edited),
        carried_in={r.id: {"external_id": r.external_id, "client_id": r.client_id} for r in rows if r.seq in posted},
        targets={row.id: outgoing.mail_id(row) for row in rows},
        shares=_shares(events),
    )


def _message(event: Entry) -> str:
    """The id of the message an event is about, or nothing."""
    if event.kind == "message.posted":
        return str(event.payload["message"]["id"])
    return str(event.payload.get("id", "")) if event.kind.startswith(("message.", "reaction.")) else ""


def _person(event: Entry) -> str:
    """The id of the person a membership event is about, or nothing."""
    if not event.kind.startswith(("member.", "guest.", "delivery.")):
        return ""
    person = event.payload["person"] if "person" in event.payload else event.payload["guest"]["person"]
    return str(person["id"] if isinstance(person, Mapping) else person)


def _shares(events: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """What the other side of shares is known by, by the share's id."""
    ids = [event.payload["share"]["id"] for event in events if event.kind.startswith("share.")]
    if not ids:
        return {}
    return {str(row["id"]): row for row in Share.objects.filter(id__in=ids).values("id", *sharing.KNOWN_BY)}


def _emoji(events: Sequence[Entry]) -> dict[tuple[str, str], str]:
    """Every emoji a person has on a message now (RFC 9078: a reaction mail replaces the one before)."""
    about = [event.payload for event in events if event.kind.startswith("reaction.")]
    if not about:
        return {}
    wanted = {(payload["id"], payload["person"]) for payload in about}
    rows = Reaction.objects.filter(message__in={id for id, _ in wanted}, person__in={who for _, who in wanted})
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for message, person, emoji in rows.order_by("id").values_list("message_id", "person_id", "emoji"):
        found[message, person].append(emoji)
    return {key: " ".join(found[key]) for key in wanted}


def _as_posted(place: Place, edited: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """What edited messages were when they were posted: the folder only has what they are now."""
    if not edited:
        return {}
    rows = Event.objects.filter(stream=place.stream, seq__in=edited.values()).values_list("payload", flat=True)
    wanted = ("author_name", "html", "mentions", "mentions_all")
    return {payload["message"]["id"]: {key: payload["message"][key] for key in wanted} for payload in rows}


def _compose(place: Place, event: Entry, around: _Around) -> bytes:
    channel = place.channel
    home = outgoing.address(channel) if channel else f"{place.org.id}@{place.org.slug}.{settings.MAIL_DOMAIN}"
    actor = around.people.get(event.actor or "")
    who = outgoing.person_address(actor) if actor else Address("Roost", home)
    target = _message(event)
    return compose_log(
        LogEntry(
            channel_uid=channel.id if channel else place.org.id,
            seq=event.seq,
            domain=settings.MAIL_DOMAIN,
            channel_name=outgoing.shown_name(channel) if channel else place.org.name,
            channel_address=home,
            actor=who,
            date=event.at,
            kind=event.kind,
            text=_sentence(who, event, around),
            target=around.targets.get(target) if event.kind != "message.posted" else None,
            event={**event.json(), **_facts(place, event, around)},
            emoji=around.emoji.get((target, str(event.payload.get("person"))), ""),
        )
    )


def _facts(place: Place, event: Entry, around: _Around) -> dict[str, Any]:
    """What the tables know and the event does not say."""
    facts: dict[str, Any] = {}
    if event.kind == "message.edited":
        facts = {"posted": around.before.get(_message(event), {})}
    elif event.kind == "message.posted":
        facts = around.carried_in.get(_message(event), {})
    elif event.kind.startswith("share."):
        facts = {"share": around.shares.get(event.payload["share"]["id"], {})}
    elif event.kind == "org.created":
        facts = {"settings": place.org.settings}
    return {"facts": facts} if facts else {}


def _sentence(who: Address, event: Entry, around: _Around) -> str:
    payload = event.payload
    if event.kind == "message.edited":
        return str(payload.get("text", ""))
    if event.kind == "message.posted":
        return f"{who.name} wrote a mail that is in the channel's folder."
    person = around.people.get(_person(event))
    channel = payload.get("channel")
    named: Mapping[str, Any] = channel if isinstance(channel, Mapping) else payload
    words = SENTENCES.get(event.kind, event.kind).format(
        who=person.name if person else "somebody", name=named.get("name", ""), topic=named.get("topic", "")
    )
    return f"{who.name} {words}."
