"""Organizations and people as JSON (api.md)."""

from __future__ import annotations

from typing import Annotated

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from workspace.people.models import Inviters, Organization, Person, Role

# Published with its values, so that clients in typed languages know them.
RoleName = Annotated[str, WithJsonSchema({"type": "string", "enum": Role.values})]
InvitersName = Annotated[str, WithJsonSchema({"type": "string", "enum": Inviters.values})]


class OrgShape(TypedDict):
    """`guest_invites` is who may invite guests."""

    id: str
    slug: str
    name: str
    guest_invites: InvitersName


class PersonShape(TypedDict):
    id: str
    name: str
    email: str
    role: RoleName
    handle: str
    active: bool


def org(organization: Organization) -> OrgShape:
    return {
        "id": organization.id,
        "slug": organization.slug,
        "name": organization.name,
        "guest_invites": organization.guest_invites,
    }


def person(person: Person) -> PersonShape:
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "role": person.role,
        "handle": person.handle,
        "active": person.active,
    }
