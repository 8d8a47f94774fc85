"""What only one person sees (read marks, drafts, saved messages, settings): one mail a person, rewritten on change.

It is there for the rebuild alone; nobody has rights on its folder. Its events are many and small, so only the sweep
carries them, a few people at a time, and each mail says how all of it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.db import transaction

from channels_app.chat import shapes
from channels_app.chat.models import Draft, GuestLink, GuestRequest, Membership, Saved
from channels_app.letters import outgoing
from channels_app.mail import LogEntry, compose_log
from channels_app.mirror import copies
from channels_app.mirror.copies import Wanted
from channels_app.mirror.folders import claim
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Copy, Folder
from channels_app.mirror.pool import pool
from channels_app.mirror.wire import Mail
from workspace.events.lanes import TryLater
from workspace.events.log import Entry, stamp
from workspace.events.models import Lane
from workspace.people.models import Person

KIND = "person.state"


def folder_stream(stream: str) -> str:
    """The stream whose folder holds the mail of this person's stream; empty when there is no such person."""
    org = Person.objects.filter(id=stream.partition(":")[2]).values_list("org_id", flat=True).first()
    return f"people:{org}" if org else ""


def deliver(stream: str, entries: Sequence[Entry]) -> None:
    """Write how everything stands now, after these events."""
    person = Person.objects.select_related("org").filter(id=stream.partition(":")[2]).first()
    place = claim(f"people:{person.org_id}") if person else None
    if person is None or place is None:
        return
    if not place.log.uidvalidity:
        raise TryLater("the folder is not made yet")
    key, last = number(person.id), entries[-1]
    wanted = Wanted(key, str(last.seq), Mail(_compose(person, last), last.at))
    with pool.mailbox() as mailbox:
        copies.write(mailbox, place.log, [wanted], copies.known(place.log, [key]))


def number(person: str) -> int:
    """A person's number in `Copy.seq`: 63 bits of their id."""
    return int.from_bytes(blake2b(person.encode(), digest_size=8).digest(), "big") >> 1


def _compose(person: Person, last: Entry) -> bytes:
    address = outgoing.person_address(person)
    return compose_log(
        LogEntry(
            channel_uid=person.id,
            seq=last.seq,
            domain=settings.MAIL_DOMAIN,
            channel_name=person.name,
            channel_address=person.email,
            actor=address,
            date=last.at,
            kind=KIND,
            text=f"What {person.name} has read, saved and drafted.",
            event={"stream": person.stream, "seq": last.seq, "kind": KIND, "payload": _state(person)},
        )
    )


def _state(person: Person) -> dict[str, Any]:
    memberships = Membership.objects.filter(person=person).order_by("channel_id")
    saved = Saved.objects.filter(person=person).order_by("id").values_list("message_id", "at")
    drafts = Draft.objects.filter(person=person).order_by("id")
    links = GuestLink.objects.filter(maker=person).order_by("id")
    requests = GuestRequest.objects.filter(maker=person).order_by("id")
    return {
        "settings": person.settings,
        "memberships": {row.channel_id: {"read": row.read, "muted": row.muted} for row in memberships},
        "saved": [{"message": message, "at": stamp(at)} for message, at in saved],
        "drafts": [
            {"channel": d.channel_id, "thread": d.thread, "text": d.text, "updated_at": stamp(d.updated_at)}
            for d in drafts
        ],
        "links": [shapes.guest_link(link) for link in links],
        "requests": [{**shapes.guest_request(request), "link": request.link_id} for request in requests],
    }


def clear(mailbox: Mailbox, folder: Folder) -> None:
    """Remove what nobody wrote down: mails of an append with an unclear end, which the lane writes again."""
    state = mailbox.select(folder.name)
    known = set(Copy.objects.filter(folder=folder).values_list("uid", flat=True))
    there = mailbox.uids()
    mailbox.expunge([uid for uid in there if uid not in known])
    gone = known - set(there)
    Copy.objects.filter(folder=folder, uid__in=gone).delete()
    folder.uidnext, folder.held = max(state.uidnext, folder.uidnext), len(known) - len(gone)
    folder.save(update_fields=["uidnext", "held"])
    if gone:
        write_all_again(folder)


def write_all_again(folder: Folder) -> None:
    """Let the lanes of all people begin anew: their mails are gone."""
    people = Lane.objects.filter(stream__org=folder.org_id, stream__key__startswith="person:", subscriber="mirror")
    people.update(cursor=0)


def settle(stream: str) -> None:
    """Compare the folder of an organization's people with what it should hold."""
    with transaction.atomic():
        place = claim(stream)
        if place is not None and place.log.uidvalidity:
            with pool.mailbox() as mailbox:
                clear(mailbox, place.log)
