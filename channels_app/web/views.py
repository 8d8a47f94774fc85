"""The page: one document for every address of the client; what it may see the API decides."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

DIST = Path(__file__).resolve().parent / "dist"


@require_safe
@ensure_csrf_cookie
def index(request: HttpRequest, path: str = "") -> HttpResponse:
    """The client's document, or a plain word when it was not built."""
    if request.path.startswith("/assets/"):  # an older build's: the client reloads on this
        return HttpResponse("There is no such file.", "text/plain", 404)
    page = DIST / "index.html"
    if not page.exists():
        return HttpResponse("The web client is not built: run `python3 manage.py up`.", "text/plain", 503)
    response = HttpResponse(_read(page, page.stat().st_mtime_ns), "text/html; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@lru_cache(maxsize=2)
def _read(page: Path, _modified: int) -> bytes:
    return page.read_bytes()


def api_not_found(request: HttpRequest, path: str = "") -> HttpResponse:
    """An address under /api/ that is none: the API's own error shape."""
    body = '{"error":{"code":"not_found","message":"There is no such endpoint.","fields":{}}}'
    return HttpResponse(body, "application/json", 404)
