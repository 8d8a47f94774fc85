"""Organizations and people as JSON (api.md)."""

from __future__ import annotations

from typing import Annotated

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from workspace.people.models import Organization, Person, Role

# Published with its values, so that clients in typed languages know them.
RoleName = Annotated[str, WithJsonSchema({"type": "string", "enum": Role.values})]


class OrgShape(TypedDict):
    id: str
    slug: str
    name: str


class PersonShape(TypedDict):
    id: str
    name: str
    email: str
    role: RoleName
    handle: str
    active: bool


def org(organization: Organization) -> OrgShape:
    return {"id": organization.id, "slug": organization.slug, "name": organization.name}


def person(person: Person) -> PersonShape:
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "role": person.role,
        "handle": person.handle,
        "active": person.active,
    }
