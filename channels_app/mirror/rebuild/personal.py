"""What only one person saw, from the folder of an organization's people."""

from __future__ import annotations

from typing import Any

from channels_app.chat.models import Channel, Draft, GuestLink, GuestRequest, Membership, Message, Saved
from channels_app.mirror import names
from channels_app.mirror.folders import UNKNOWN
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Copy, Folder
from channels_app.mirror.personal import KIND, number
from channels_app.mirror.rebuild import reading
from channels_app.mirror.rebuild.people import People
from channels_app.mirror.rebuild.replay import moment
from channels_app.mirror.settling import SUBSCRIBER
from workspace.events import log as event_log
from workspace.events.log import Entry
from workspace.events.models import Lane, Stream
from workspace.people.models import Person

RESTORED = "state.restored"


def restore(mailbox: Mailbox, people: People) -> None:
    """Write read marks, saved messages, drafts and settings; what they name and is gone is left out."""
    name = names.people(people.org)
    found: dict[str, tuple[int, reading.Event]] = {}
    state, mails = reading.read_posts(mailbox, name)
    for mail in mails:
        event = mail.parsed.event
        person = mail.parsed.own.channel if mail.parsed.own else ""
        if event is None or event.get("kind") != KIND or person not in people.by_id:
            continue
        if person not in found or found[person][1]["seq"] < event["seq"]:
            found[person] = (mail.uid, event)
    folder = Folder.objects.create(
        stream=f"people:{people.org.id}",
        kind=Folder.Kind.LOG,
        org=people.org,
        name=name,
        uidvalidity=state.uidvalidity,
        held=len(found),
        acl=UNKNOWN,
    )
    for person, (uid, event) in found.items():
        _person(people, person, event)
        Copy.objects.create(folder=folder, uid=uid, seq=number(person), version=str(event["seq"]))


def _person(people: People, id: str, event: reading.Event) -> None:
    person, state = people.by_id[id], event["payload"]
    person.settings = state["settings"]
    person.save(update_fields=["settings"])
    for channel, mark in state["memberships"].items():
        Membership.objects.filter(channel=channel, person=person).update(read=mark["read"], muted=mark["muted"])
    messages = set(
        Message.objects.filter(id__in=[one["message"] for one in state["saved"]]).values_list("id", flat=True)
    )
    channels = set(
        Channel.objects.filter(id__in=[one["channel"] for one in state["drafts"]]).values_list("id", flat=True)
    )
    Saved.objects.bulk_create(
        Saved(person=person, message_id=one["message"], at=moment(one["at"]))
        for one in state["saved"]
        if one["message"] in messages
    )
    Draft.objects.bulk_create(
        Draft(
            person=person,
            channel_id=one["channel"],
            thread=one["thread"],
            text=one["text"],
            updated_at=moment(one["updated_at"]),
        )
        for one in state["drafts"]
        if one["channel"] in channels
    )
    _links(person, state)
    Stream.objects.filter(key=person.stream).update(head=event["seq"])
    # The events before it are gone; a client that asks for them gets this one, and is up to date.
    event_log.insert([Entry(person.stream, event["seq"], RESTORED, None, "import", {}, person.created_at)])
    Lane.objects.create(subscriber=SUBSCRIBER, stream_id=person.stream, cursor=event["seq"])


def _links(person: Person, state: dict[str, Any]) -> None:
    """The links somebody made, and who asked by them: links that people were given lead where they led."""
    links, requests = state.get("links", ()), state.get("requests", ())
    named = {one["channel"] for one in (*links, *requests)}
    channels = set(Channel.objects.filter(id__in=named).values_list("id", flat=True))
    GuestLink.objects.bulk_create(
        GuestLink(
            id=one["id"],
            channel_id=one["channel"],
            maker=person,
            approval=one["approval"],
            most=one["most"],
            came=one["came"],
            expires_at=moment(one["expires_at"]) if one["expires_at"] else None,
            created_at=moment(one["created_at"]),
        )
        for one in links
        if one["channel"] in channels
    )
    there = {one["id"] for one in links}
    GuestRequest.objects.bulk_create(
        (
            GuestRequest(
                id=one["id"],
                channel_id=one["channel"],
                link_id=one["link"] if one["link"] in there else None,
                maker=person,
                email=one["email"],
                name=one["name"],
                asked_at=moment(one["asked_at"]),
            )
            for one in requests
            if one["channel"] in channels
        ),
        ignore_conflicts=True,
    )
