"""The kinds of events this room writes, and what each says (published with those of the other rooms)."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from workspace.people.shapes import OrgShape, PersonShape, RoleName


class OrgCreated(TypedDict):
    org: OrgShape


class OrgChanged(TypedDict):
    """How the organization stands from now on."""

    org: OrgShape


class PersonTold(TypedDict):
    """How a person stands from now on."""

    person: PersonShape


class PersonLeft(TypedDict):
    """The id of a person who is deactivated."""

    person: str


class MeChanged(TypedDict):
    person: PersonShape
    settings: dict[str, Any]


class Nothing(TypedDict):
    """The kind says it all."""


class AccessChanged(TypedDict):
    """One's own role is another: what one may see has to be loaded afresh."""

    role: RoleName


ORG: dict[str, type] = {
    "org.created": OrgCreated,
    "org.changed": OrgChanged,
    "member.joined": PersonTold,
    "member.changed": PersonTold,
    "member.left": PersonLeft,
}
PERSON: dict[str, type] = {
    "me.changed": MeChanged,
    "access.changed": AccessChanged,
    "access.ended": Nothing,
    # Somewhere a person signed out or got another password: open sockets close (1012), and come back if they may.
    "session.ended": Nothing,
}
