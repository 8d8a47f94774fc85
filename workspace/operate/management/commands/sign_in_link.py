"""A one-time link with which somebody sets a (new) password: after a rebuild from mail, or when they forgot theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from workspace.operate.management import output
from workspace.people import shapes
from workspace.signin import links
from workspace.signin.models import Link


class Command(output.PersonCommand):
    help = "Print a one-time link with which somebody sets a new password."

    def answer(self, **options: Any) -> Mapping[str, Any]:
        person = output.person(output.organization(options["org"]), options["email"])
        secret = links.create(Link.Kind.JOIN, person)
        return {"person": shapes.person(person), "sign_in_url": f"{settings.ROOST_URL}/join/{secret}"}
