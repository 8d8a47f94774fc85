from __future__ import annotations

from django.apps import AppConfig


class MirrorConfig(AppConfig):
    name = "channels_app.mirror"
    label = "mirror"
