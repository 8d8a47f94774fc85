from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "workspace.people"
    label = "people"
