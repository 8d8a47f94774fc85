from __future__ import annotations

from django.apps import AppConfig


class OperateConfig(AppConfig):
    name = "workspace.operate"
    label = "operate"
