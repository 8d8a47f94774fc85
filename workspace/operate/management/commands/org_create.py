"""Make an organization and its owner (api.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import transaction

from workspace.operate.management.output import AnswerCommand
from workspace.people import organizations, shapes
from workspace.signin import links, passwords, tokens
from workspace.signin.models import Link


class Command(AnswerCommand):
    help = "Make an organization and its owner."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name")
        parser.add_argument("--owner", required=True, help="the owner's mail address")
        parser.add_argument("--owner-name", default="")
        parser.add_argument("--password", help="the owner's password; without one, a link to choose it is printed")

    @transaction.atomic
    def answer(self, **options: Any) -> Mapping[str, Any]:
        org, owner = organizations.create(
            name=options["name"], owner_email=options["owner"], owner_name=options["owner_name"]
        )
        url = settings.ROOST_URL
        if options["password"]:
            passwords.set_password(person=owner, password=options["password"])
        else:
            url = f"{url}/join/{links.create(Link.Kind.JOIN, owner)}"
        token = tokens.create(person=owner, name="org_create")
        return {"org": shapes.org(org), "person": shapes.person(owner), "token": token, "sign_in_url": url}
