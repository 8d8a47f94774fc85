"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A check, what was looked at (a name, a server), what was found there, and the line with which it is mended."""

    check: str
    state: State
    about: str
    found: str
    mend: str = ""
