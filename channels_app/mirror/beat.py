"""When the mirror sweeps, and in which queues its tasks wait."""

from __future__ import annotations

from typing import Any

BEAT: dict[str, dict[str, Any]] = {
    "mirror-sweep": {"task": "channels_app.mirror.tasks.sweep", "schedule": 3.0, "options": {"expires": 10}},
    "mirror-access": {"task": "channels_app.mirror.tasks.doubt_access", "schedule": 3600.0},
}

# A worker takes from its queues in turn, so what people post does not wait behind hundreds of folders to be mended.
ROUTES: dict[str, dict[str, str]] = {
    "channels_app.mirror.tasks.pull": {"queue": "mending"},
    "channels_app.mirror.tasks.heal": {"queue": "mending"},
    "channels_app.mirror.tasks.*": {"queue": "mirror"},
}
