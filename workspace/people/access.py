"""Objects of this room come only through here: they return what the person may see, or raise `NotFound`."""

from __future__ import annotations

from workspace.events.refusal import NotFound
from workspace.people.models import Organization, Person


def organization(person: Person, key: str) -> Organization:
    """The person's own organization by slug or id; any other does not exist for them."""
    if key not in (person.org_id, person.org.slug):
        raise NotFound("There is no such organization.")
    return person.org


def colleague(person: Person, person_id: str) -> Person:
    """Somebody of the same organization, active or not."""
    found = Person.objects.select_related("org").filter(org_id=person.org_id, id=person_id).first()
    if found is None:
        raise NotFound("There is no such person.")
    return found
