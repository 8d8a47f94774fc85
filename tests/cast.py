"""The people of the tests: Alice owns, Amy is admin, Bob a member, Dana a guest, Charlie is outside."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import Any

from django.test import Client

from channels_app.chat import channels
from channels_app.chat.models import Channel
from workspace.people import organizations, persons
from workspace.people.models import Organization, Person, Role
from workspace.signin import tokens

_numbers = itertools.count(1)


@dataclass
class Cast:
    acme: Organization
    alice: Person
    amy: Person
    bob: Person
    dana: Person
    other: Organization
    charlie: Person
    general: Channel  # public: Alice (its admin), Amy, Bob, Dana
    secret: Channel  # private: Alice and Bob

    def named(self, name: str) -> Person:
        person: Person = getattr(self, name)
        return person


def gather() -> Cast:
    """A fresh organization with its people and two channels, and a stranger in another one."""
    n = f"{os.environ.get('PYTEST_XDIST_WORKER', '')} {os.getpid()} {next(_numbers)}"
    acme, alice = organizations.create(name=f"Acme {n}", owner_email="alice@a.test", owner_name="Alice")
    amy = persons.add(org=acme, email="amy@a.test", name="Amy Admin", role=Role.ADMIN, by=alice)
    bob = persons.add(org=acme, email="bob@a.test", name="Bob", by=alice)
    dana = persons.add(org=acme, email="dana@d.test", name="Dana", role=Role.GUEST, by=alice)
    other, charlie = organizations.create(name=f"Other {n}", owner_email="charlie@c.test", owner_name="Charlie")
    people = [amy.id, bob.id, dana.id]
    general = channels.create(person=alice, name="general", kind="public", members=people)
    secret = channels.create(person=alice, name="secret", kind="private", members=[bob.id])
    return Cast(acme, alice, amy, bob, dana, other, charlie, general, secret)


class Api:
    """The JSON API as one person uses it."""

    def __init__(self, person: Person | None) -> None:
        self.person = person
        self._client = Client()
        if person is not None:
            self._client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {tokens.create(person=person, name='test')}"

    def __call__(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        if body is not None:
            extra = {"data": body, "content_type": "application/json", **extra}
        return self._client.generic(method, f"/api/v1{path}", **_encoded(extra))

    def get(self, path: str) -> Any:
        return self("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        return self("POST", path, body)

    def upload(self, name: str, content: bytes) -> Any:
        from django.core.files.uploadedfile import SimpleUploadedFile

        return self._client.post("/api/v1/files", {"file": SimpleUploadedFile(name, content)})


def _encoded(extra: dict[str, Any]) -> dict[str, Any]:
    if "data" in extra and not isinstance(extra["data"], str | bytes):
        import json

        extra["data"] = json.dumps(extra["data"])
    return extra
