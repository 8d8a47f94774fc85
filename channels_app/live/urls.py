"""Where the socket is."""

from __future__ import annotations

from channels.routing import URLRouter
from django.urls import path

from channels_app.live.consumer import LiveConsumer

sockets = URLRouter([path("ws", LiveConsumer.as_asgi())])  # type: ignore[no-untyped-call]
