"""What every request passes on its way in and out.

Django runs the hooks of its middlewares in threads when it serves ASGI, a hop for each. Those here only look at
headers and cookies, so they run in the event loop; what would block (a session to write, a file to open) still hops.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from csp.middleware import CSPMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils.deprecation import MiddlewareMixin
from whitenoise.middleware import WhiteNoiseMiddleware

from channels_app.web.views import DIST

GetResponse = Callable[[HttpRequest], Any]


class _InPlace(MiddlewareMixin):
    """Runs the hooks of the middleware it is mixed into where the request is."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        before, after = getattr(self, "process_request", None), getattr(self, "process_response", None)
        response = before(request) if before else None
        response = response or await cast(Awaitable[HttpResponseBase], self.get_response(request))
        return cast(HttpResponseBase, after(request, response)) if after else response


class Security(_InPlace, SecurityMiddleware):
    """Redirects to HTTPS, and the headers of it."""


class ContentSecurityPolicy(_InPlace, CSPMiddleware):
    """The header of `settings.CONTENT_SECURITY_POLICY`."""


class Session(_InPlace, SessionMiddleware):
    """The session of a cookie, which is read from the database only when somebody asks it for something."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        self.process_request(request)
        response = cast(HttpResponse, await cast(Awaitable[HttpResponseBase], self.get_response(request)))
        if request.session.modified:
            return await sync_to_async(self.process_response)(request, response)
        return self.process_response(request, response)


class Csrf(_InPlace, CsrfViewMiddleware):
    """Django's check of forms; the API does its own, together with the session cookie."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        if iscoroutinefunction(get_response):
            self.process_view = self._process_view  # type: ignore[method-assign, assignment]

    async def _process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        check = super().process_view
        if getattr(view, "csrf_exempt", False):
            return check(request, view, args, kwargs)
        return await sync_to_async(check)(request, view, args, kwargs)


class Client(WhiteNoiseMiddleware):
    """Serves channels_app/web/dist at the root, by WhiteNoise: hashed names for ever, others checked each time."""

    sync_capable = async_capable = True

    def __init__(self, get_response: GetResponse, **options: Any) -> None:
        super().__init__(get_response, **options)  # type: ignore[no-untyped-call]
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)
        if DIST.is_dir():
            self.add_files(str(DIST), prefix="/")  # type: ignore[no-untyped-call]
            self.files.pop("/index.html", None)

    def immutable_file_test(self, path: str, url: str) -> bool:
        return url.startswith("/assets/")

    def __call__(self, request: HttpRequest) -> Any:  # type: ignore[override]
        return self._acall(request) if iscoroutinefunction(self) else super().__call__(request)  # type: ignore[no-untyped-call]

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        if self.autorefresh:
            file = await sync_to_async(self.find_file)(request.path_info)
        else:
            file = self.files.get(request.path_info)
        if file is None:
            return cast(HttpResponseBase, await self.get_response(request))
        return cast(HttpResponseBase, await sync_to_async(self.serve)(file, request))
