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

    def lines(self, answer: Mapping[str, Any]) -> list[str]:
        return [
            *(_part(part) for part in answer["parts"]),
            *(_lane(lane) for lane in answer["lanes"]),
            *([] if answer["lanes"] else ["no lane is behind"]),
            *(_kept(mail) for mail in answer["quarantine"]),
        ]


def _part(part: Mapping[str, Any]) -> str:
    if part["ok"]:
        return f"ok    {part['part']:<9} {part['ms']:>7.1f} ms"
    return f"DOWN  {part['part']:<9} {part['why']}\n      {part['mend']}"


def _lane(lane: Mapping[str, Any]) -> str:
    why = f"; {lane['attempts']} failures, the last: {lane['why']}" if lane["why"] else ""
    return f"lag   {lane['subscriber']} {lane['stream']}: {lane['waiting']} events, {lane['seconds']:.0f} s{why}"


def _kept(mail: Mapping[str, Any]) -> str:
    sender = mail["sender"] or "nobody"
    return f"kept  {mail['at']} a mail of {sender} in {mail['stream']}: {mail['why']}\n      {mail['file']}"
