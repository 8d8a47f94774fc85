from __future__ import annotations

from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "channels_app.chat"
    label = "chat"

    def ready(self) -> None:
        from channels_app.chat import roster
        from workspace.people import persons

        persons.tell_also(roster.told_of)
