"""The ASGI application: HTTP to Django, WebSockets to the live door."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workspace.settings")

from django.core.asgi import get_asgi_application

http = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402

from channels_app.live.urls import sockets  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": sockets})
