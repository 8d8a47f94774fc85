"""When the mirror sweeps."""

from __future__ import annotations

from typing import Any

BEAT: dict[str, dict[str, Any]] = {
    "mirror-sweep": {"task": "channels_app.mirror.tasks.sweep", "schedule": 3.0, "options": {"expires": 10}},
    "mirror-access": {"task": "channels_app.mirror.tasks.doubt_access", "schedule": 3600.0},
}
