"""The first run: whoever holds the link that `up` printed makes the first organization and becomes its owner."""

from __future__ import annotations

from django.db import transaction

from workspace.people import organizations, persons
from workspace.people.models import Organization, Person
from workspace.signin import links, passwords
from workspace.signin.models import Link


def needed() -> bool:
    """Whether there is no organization yet."""
    return not Organization.objects.exists()


def token() -> str | None:
    """A fresh secret for the set-up link (earlier ones end), or None when the set-up was done."""
    return links.create(Link.Kind.SETUP) if needed() else None


@transaction.atomic
def run(*, secret: str, organization: str, name: str, email: str, password: str) -> Person:
    """Make the first organization. Raises `LinkUsed`, or `Invalid` with the link still good."""
    links.use(Link.Kind.SETUP, secret)
    if not needed():  # made by a command meanwhile: the link is for the first one only
        raise links.LinkUsed()
    _, owner = organizations.create(name=organization, owner_email=email, owner_name=name)
    passwords.set_password(person=owner, password=password)
    return owner


@transaction.atomic
def join(*, secret: str, name: str, password: str) -> Person:
    """Take an invitation: the person names themselves and sets a password."""
    link = links.use(Link.Kind.JOIN, secret)
    assert link.person is not None
    # The organization's stream is taken before the person's own, by everybody.
    person = persons.change(person=link.person, by=link.person, name=name or None)
    passwords.set_password(person=person, password=password)
    return person
