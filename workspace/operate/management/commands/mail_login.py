"""An app password for a mail program (api.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from workspace.operate.management import output
from workspace.signin import app_passwords


class Command(output.PersonCommand):
    help = "Make an app password for a mail program."

    def answer(self, **options: Any) -> Mapping[str, Any]:
        person = output.person(output.organization(options["org"]), options["email"])
        login = app_passwords.create(person=person, name="mail program")
        imap = {
            "host": settings.IMAP_PUBLIC_HOST,
            "port": settings.IMAP_PUBLIC_PORT,
            "security": settings.IMAP_PUBLIC_SECURITY,
        }
        # Outgoing mail is the company's own affair until guests are served (there is no submission server here).
        return {"username": login.username, "password": login.password, "imap": imap, "smtp": {}}
