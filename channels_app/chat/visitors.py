"""Verbs on visitors: people of another organization, who are in a channel by a share.

They are guests of ours without a seat and without a sign-in. Whatever the other server says, it speaks for nobody but
them: they are told apart by its domain, and never by an address that somebody here may have already.
"""

from __future__ import annotations

import re

from django.db import transaction

from channels_app.chat import roster
from channels_app.chat.models import Membership, Share, Visitor
from workspace.events import log
from workspace.events.refusal import Conflict, Forbidden, Invalid
from workspace.people import names, persons
from workspace.people.models import Person, Role

MOST_OF_ONE = 10_000
_HANDLE = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


@transaction.atomic
def enter(*, share: Share, handle: str, name: str) -> Person:
    """Somebody of theirs is in the channel, under this name; made when nobody knows them.

    Raises `Invalid` for a handle or name that is none, `Forbidden` for whom our admins deactivated, `Conflict` when
    there are too many.
    """
    assert share.channel is not None
    person = _known(share, handle) or _make(share, handle, name)
    if not person.active:
        raise Forbidden("This person was deactivated here.")
    shown = _shown_name(share, name)
    if shown != person.name:
        person = persons.change(person=person, by=person, name=shown)
    if drafts := roster.admit(share.channel, [person], by=person):
        log.append(*drafts)
    return person


@transaction.atomic
def leave(*, share: Share, handle: str) -> None:
    """Somebody of theirs is out; one who never was in stays out."""
    person = _known(share, handle)
    inside = Membership.objects.select_related("channel", "person").filter(channel=share.channel, person=person)
    membership = inside.first() if person else None
    if membership is not None:
        log.append(*roster.dismiss(membership, by=person))


def _known(share: Share, handle: str) -> Person | None:
    rows = Visitor.objects.select_related("person__org")
    found = rows.filter(org=share.org_id, domain=share.domain, handle=handle).first()
    return found.person if found else None


def _make(share: Share, handle: str, name: str) -> Person:
    if not _HANDLE.fullmatch(handle):
        raise Invalid("This is no handle.", fields={"handle": "invalid"})
    if Visitor.objects.filter(org=share.org_id, domain=share.domain).count() >= MOST_OF_ONE:
        raise Conflict("Too many people of this organization are here.")
    email = f"{handle}@{share.domain}"
    if Person.objects.filter(org=share.org_id, email=email).exists():
        email = f"{handle}.{share.code.lower()}@{share.domain}"
    person = persons.add(org=share.org, email=email, name=_shown_name(share, name), role=Role.GUEST)
    Visitor.objects.create(person=person, org=share.org, domain=share.domain, handle=handle)
    return person


def _shown_name(share: Share, name: str) -> str:
    """With where they are from: `Alice (Beta)`."""
    where = f" ({share.org_name})"
    return names.clean_name(names.clean_name(name, limit=1000)[: names.NAME_LIMIT - len(where)] + where)
