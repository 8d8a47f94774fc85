"""Static files of the client, by WhiteNoise: hashed names for ever, others checked each time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

from channels_app.web.views import DIST


class ClientMiddleware(WhiteNoiseMiddleware):
    """Serves channels_app/web/dist at the root."""

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[Any]], **options: Any
    ) -> None:
        super().__init__(get_response, **options)  # type: ignore[no-untyped-call]
        if DIST.is_dir():
            self.add_files(str(DIST), prefix="/")  # type: ignore[no-untyped-call]
            self.files.pop("/index.html", None)

    def immutable_file_test(self, path: str, url: str) -> bool:
        return url.startswith("/assets/")
