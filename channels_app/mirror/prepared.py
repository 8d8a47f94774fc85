"""How the mirror reads rows."""

from __future__ import annotations

from workspace.events.prepared import rows

__all__ = ["rows"]
