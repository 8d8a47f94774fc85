"""Check each part and say how to mend it; exit 1 when something is wrong."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from workspace.operate.management.commands.status import Command as StatusCommand


class Command(StatusCommand):
    help = "Check each part and say how to mend it."
    ok = True

    def answer(self, **options: Any) -> Mapping[str, Any]:
        found = super().answer(**options)
        self.ok = found["ok"]
        return found

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not self.ok:
            sys.exit(1)
