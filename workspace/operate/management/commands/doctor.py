"""Check each part, and all that mail depends on, and say how to mend it; exit 1 when something is wrong."""

from __future__ import annotations

import dataclasses
import ipaddress
import sys
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from workspace.operate.doctor import examination
from workspace.operate.doctor.names import Names
from workspace.operate.management.commands.status import Command as StatusCommand

LOOP_SECONDS = 60.0


class Command(StatusCommand):
    help = "Check each part, and all that mail depends on, and say how to mend it."
    ok = True

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_dns_arguments(parser)
        parser.add_argument(
            "--loop",
            nargs="?",
            type=float,
            const=LOOP_SECONDS,
            default=0.0,
            metavar="SECONDS",
            help="send a mail to ourselves by the relay, and wait for it",
        )

    def answer(self, **options: Any) -> Mapping[str, Any]:
        found = super().answer(**options)
        mail = []
        if found["parts"][0]["ok"]:  # the database, which knows the organizations
            domains = examination.domains_of(names_of(options), senders_of(options))
            mail = examination.examine(domains, loop_seconds=options["loop"])
        self.ok = found["ok"] and not any(one.state == "problem" for one in mail)
        return {**found, "ok": self.ok, "mail": [dataclasses.asdict(one) for one in mail]}

    def lines(self, answer: Mapping[str, Any]) -> list[str]:
        return [*super().lines(answer), *(line for one in answer["mail"] for line in _finding(one))]

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not self.ok:
            sys.exit(1)


def add_dns_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--dns-server", action="append", default=[], metavar="ADDRESS[:PORT]", help="ask this one; else the machine's"
    )
    parser.add_argument(
        "--sends-from", action="append", default=[], metavar="ADDRESS", help="from where the relay sends to others"
    )


def names_of(options: Mapping[str, Any]) -> Names:
    """Raises `CommandError` for what is no address."""
    try:
        return Names(options["dns_server"])
    except ValueError as error:
        raise CommandError(f"--dns-server: {error}") from None


def senders_of(options: Mapping[str, Any]) -> list[str]:
    """Raises `CommandError` for what is no address."""
    try:
        return [str(ipaddress.ip_address(address)) for address in options["sends_from"]]
    except ValueError as error:
        raise CommandError(f"--sends-from: {error}") from None


_MARK = {"ok": "ok", "warning": "WARN", "problem": "WRONG"}


def _finding(one: Mapping[str, Any]) -> list[str]:
    line = f"{_MARK[one['state']]:<5} {one['check']:<9} {one['about']}: {one['found']}"
    return [line, f"      {one['mend']}"] if one["mend"] and one["state"] != "ok" else [line]
