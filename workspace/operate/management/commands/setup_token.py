"""Print a fresh token for the first set-up (nothing when it was done); `up` shows it as a link."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from workspace.signin import setup


class Command(BaseCommand):
    help = "Print the one-time token of the first set-up."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(setup.token() or "")
