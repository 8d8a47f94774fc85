"""The records to publish in DNS for mail, as lines of a zone file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from workspace.events.lanes import TryLater
from workspace.operate.doctor import examination, records
from workspace.operate.management.commands.doctor import add_dns_arguments, names_of, senders_of
from workspace.operate.management.output import AnswerCommand


class Command(AnswerCommand):
    help = "Print the records to publish in DNS for mail."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_dns_arguments(parser)

    def answer(self, **options: Any) -> Mapping[str, Any]:
        domains = examination.domains_of(names_of(options), senders_of(options))
        try:
            wanted = records.wanted(domains)
        except TryLater as trouble:
            raise CommandError(str(trouble)) from None
        return {"records": [{**dataclasses.asdict(one), "line": one.line} for one in wanted]}

    def lines(self, answer: Mapping[str, Any]) -> list[str]:
        return [str(one["line"]) for one in answer["records"]]
