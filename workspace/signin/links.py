"""One-time links: the first set-up and invitations."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from workspace.events.refusal import NotFound
from workspace.people.models import Person
from workspace.signin.models import Link
from workspace.signin.secret import digest, new_secret

LIFETIME = {Link.Kind.SETUP: timedelta(days=30), Link.Kind.JOIN: timedelta(days=14)}


class LinkUsed(NotFound):
    code = "link_used"
    message = "This link was used already or is too old. Ask for a new one."


@transaction.atomic
def create(kind: Link.Kind, person: Person | None = None) -> str:
    """A new link's secret; older links of the same kind for the same person end."""
    Link.objects.filter(kind=kind, person=person).delete()
    secret = new_secret()
    Link.objects.create(digest=digest(secret), kind=kind, person=person, expires_at=timezone.now() + LIFETIME[kind])
    return secret


def look(kind: Link.Kind, secret: str) -> Link:
    """The link of a secret, unused. Raises `LinkUsed`."""
    link = (
        Link.objects.select_related("person__org")
        .filter(digest=digest(secret), kind=kind, expires_at__gt=timezone.now())
        .first()
    )
    if link is None:
        raise LinkUsed()
    return link


def use(kind: Link.Kind, secret: str) -> Link:
    """Take a link: it works once, also when two come at the same moment. Call it inside the verb's transaction."""
    link = look(kind, secret)
    deleted, _ = Link.objects.filter(digest=link.digest).delete()
    if not deleted:
        raise LinkUsed()
    return link
