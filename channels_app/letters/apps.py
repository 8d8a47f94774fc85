from __future__ import annotations

from django.apps import AppConfig


class LettersConfig(AppConfig):
    name = "channels_app.letters"
    label = "letters"
