"""Listen to the mail server and to the log, for the mirror; `up` runs it as a child."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from channels_app.mirror.watching import Watcher
from workspace.events.serving import serve


class Command(BaseCommand):
    help = "Listen to the mail server and to the log, for the mirror."

    def handle(self, *args: Any, **options: Any) -> None:
        serve(Watcher)
