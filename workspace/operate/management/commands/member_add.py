"""Add somebody to an organization (api.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from workspace.operate.management import output
from workspace.people import persons, shapes
from workspace.signin import app_passwords, tokens


class Command(output.PersonCommand):
    help = "Add somebody to an organization."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--name", default="")
        parser.add_argument("--role", default="member", choices=["admin", "member", "guest"])

    @transaction.atomic
    def answer(self, **options: Any) -> Mapping[str, Any]:
        org = output.organization(options["org"])
        person = persons.add(org=org, email=options["email"], name=options["name"], role=options["role"])
        transaction.on_commit(lambda: app_passwords.publish(person))  # those of somebody who comes back hold again
        return {"person": shapes.person(person), "token": tokens.create(person=person, name="member_add")}
