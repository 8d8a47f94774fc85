"""Carry mail to guests, and take in theirs; `up` runs it as a child."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from channels_app.guests.gateway import Gateway
from workspace.events.serving import serve


class Command(BaseCommand):
    help = "Carry mail to guests, and take in theirs."

    def handle(self, *args: Any, **options: Any) -> None:
        serve(Gateway)
