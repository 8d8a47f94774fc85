"""Every part, and every lane that is behind, in one page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workspace.operate import health
from workspace.operate.management.output import AnswerCommand


class Command(AnswerCommand):
    help = "Every part, and every lane that is behind."

    def answer(self, **options: Any) -> Mapping[str, Any]:
        return health.report()
