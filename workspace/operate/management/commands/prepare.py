"""What `up` does once the servers run: migrate, publish the mail logins, and print the token of the first set-up."""

from __future__ import annotations

import json
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from workspace.signin import app_passwords, setup


class Command(BaseCommand):
    help = "Migrate the database and print the token of the first set-up (null when it was done) as JSON."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        app_passwords.publish_all()
        self.stdout.write(json.dumps({"token": setup.token()}))
