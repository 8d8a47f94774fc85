"""The ASGI application: HTTP to Django, WebSockets to the live door."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workspace.settings")

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured

if settings.SECRET_KEY == settings.NO_SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY (`manage.py up` does): without one, anybody could sign for this server.")

http = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402

from channels_app.api.bodies import LimitedBodies  # noqa: E402
from channels_app.live.urls import sockets  # noqa: E402

application = ProtocolTypeRouter({"http": LimitedBodies(http), "websocket": sockets})
