"""When the mirror's sweeps run."""

from __future__ import annotations

from typing import Any

BEAT: dict[str, dict[str, Any]] = {
    "mirror-sweep": {"task": "channels_app.mirror.tasks.sweep", "schedule": 3.0, "options": {"expires": 10}},
    "mirror-look": {"task": "channels_app.mirror.tasks.look", "schedule": 120.0, "options": {"expires": 100}},
}
