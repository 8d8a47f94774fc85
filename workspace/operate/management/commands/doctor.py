"""Check each part and say how to mend it; exit 1 when something is wrong."""

from __future__ import annotations

import sys
from typing import Any

from workspace.operate import health
from workspace.operate.management.commands.status import Command as StatusCommand


class Command(StatusCommand):
    help = "Check each part and say how to mend it."

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if any(not check.ok for check in health.checks()):
            sys.exit(1)
