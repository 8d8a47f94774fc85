"""Restore an empty database from the folders of the mail server."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_app.mirror.imap import TROUBLE, Mailbox
from channels_app.mirror.rebuild.writing import Counts, NotEmpty, rebuild


class Command(BaseCommand):
    help = "Restore organizations, people, channels and messages from the folders of the mail server."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from-imap", action="store_true", help="from the folders (the only way there is)")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["from_imap"]:
            raise CommandError("Say where from: rebuild --from-imap.")
        try:
            mailbox = Mailbox()
            counts = rebuild(mailbox)
        except NotEmpty as error:
            raise CommandError(str(error)) from None
        except TROUBLE as error:
            raise CommandError(f"The mail server does not answer: {error}") from None
        mailbox.close()
        self.stdout.write(json.dumps(dataclasses.asdict(counts)) if options["json"] else _shown(counts))


def _shown(counts: Counts) -> str:
    lines = [
        f"restored {counts.organizations} organizations, {counts.people} people, {counts.channels} channels,",
        f"{counts.messages} messages, {counts.files} files and {counts.events} events",
    ]
    if counts.lost:
        lines.append(f"{counts.lost} events could not be found; their numbers are marked in the log")
    lines += [f"left out: {name} (its Log can't be read)" for name in counts.skipped]
    return "\n".join(lines)
