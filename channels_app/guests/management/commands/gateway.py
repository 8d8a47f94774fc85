"""Carry mail to guests, and take in theirs; `up` runs it as a child."""

from __future__ import annotations

import socket
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from channels_app.guests.gateway import Gateway
from workspace.events.serving import serve


class Command(BaseCommand):
    help = "Carry mail to guests, and take in theirs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--smtp-socket", type=int, help="descriptor of an open socket for SMTP_LISTEN")

    def handle(self, *args: Any, **options: Any) -> None:
        descriptor: int | None = options["smtp_socket"]
        serve(partial(Gateway, socket.socket(fileno=descriptor) if descriptor is not None else None))
