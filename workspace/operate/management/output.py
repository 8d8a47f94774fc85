"""How commands answer: lines for people, one JSON object for programs."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from psycopg_pool import PoolTimeout

from workspace.events import bells
from workspace.events.refusal import Refusal
from workspace.people import organizations
from workspace.people.models import Organization, Person

BELL_SECONDS = 2.0


class AnswerCommand(BaseCommand):
    """A command whose `answer` gives a mapping; a refusal becomes one clear line."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # what fails is said once, below
        try:
            answer = self.answer(**options)
        except Refusal as refusal:
            raise CommandError(f"{refusal.message} {refusal.fields or ''}".strip()) from None
        except (OperationalError, PoolTimeout) as error:
            raise CommandError(f"The database does not answer ({error}). Is Roost up? See `status`.".strip()) from None
        bells.flush(BELL_SECONDS)  # or the process may be gone before anybody has heard of it
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write("\n".join(self.lines(answer)))

    def lines(self, answer: Mapping[str, Any]) -> list[str]:
        """The answer for people."""
        return _lines(answer)

    def answer(self, **options: Any) -> Mapping[str, Any]:
        raise NotImplementedError


class PersonCommand(AnswerCommand):
    """A command about one person of an organization."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("org", help="slug or id")
        parser.add_argument("email")


def _lines(answer: Mapping[str, Any], prefix: str = "") -> list[str]:
    lines: list[str] = []
    for key, value in answer.items():
        if isinstance(value, Mapping):
            lines += _lines(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            for number, item in enumerate(value):
                lines += _lines(item, f"{prefix}{key}[{number}].") if isinstance(item, Mapping) else [f"{key}: {item}"]
        else:
            lines.append(f"{prefix}{key}: {value}")
    return lines


def organization(key: str) -> Organization:
    """The organization of a slug or id. Raises `CommandError`."""
    found = organizations.find(key)
    if found is None:
        raise CommandError(f"There is no organization {key!r}.")
    return found


def person(org: Organization, email: str) -> Person:
    """The active person of an address. Raises `CommandError`."""
    found = Person.objects.active().select_related("org").filter(org=org, email=email.strip().lower()).first()
    if found is None:
        raise CommandError(f"There is no {email} in {org.slug}.")
    return found
