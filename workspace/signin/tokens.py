"""Bearer tokens."""

from __future__ import annotations

from workspace.people.models import Person
from workspace.people.names import clean_name
from workspace.signin.models import Token
from workspace.signin.secret import digest, new_secret


def create(*, person: Person, name: str) -> str:
    """A new token; its text is shown once and never kept."""
    token = new_secret()
    Token.objects.create(digest=digest(token), person=person, name=clean_name(name))
    return token


def person_of(token: str) -> Person | None:
    """The active person a token belongs to, with their organization loaded (one query)."""
    found = Token.objects.select_related("person__org").filter(digest=digest(token), person__active=True).first()
    return found.person if found else None
