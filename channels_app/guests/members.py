"""The addresses of members: where somebody from outside writes to one of them for the first time."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Lower

from channels_app.chat.models import Channel
from workspace.people.models import Person, Role


def named(local: str, slug: str) -> Person | None:
    """The active member of an organization with this handle or id (in lower case); guests have no address."""
    rows = Person.objects.active().select_related("org").annotate(lower_id=Lower("id")).exclude(role=Role.GUEST)
    return rows.filter(Q(handle=local) | Q(lower_id=local), org__slug=slug).order_by("created_at").first()


def address(person: Person) -> str:
    """A member's own address: by the handle, and by the id where a channel has that name."""
    is_taken = Channel.objects.filter(org_id=person.org_id, name=person.handle, deleted_at=None).exists()
    return f"{person.id if is_taken else person.handle}@{person.org.slug}.{settings.MAIL_DOMAIN}"
