from __future__ import annotations

from django.apps import AppConfig


class SigninConfig(AppConfig):
    name = "workspace.signin"
    label = "signin"
