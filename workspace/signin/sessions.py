"""Who a request or a socket speaks for."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user, login, logout
from django.db import transaction
from django.http import HttpRequest

from workspace.events import log
from workspace.people.models import Person
from workspace.signin import tokens
from workspace.signin.models import Account

_BACKEND = "workspace.signin.backend.SessionBackend"


def sign_in(request: HttpRequest, account: Account) -> None:
    """Begin a session (with a fresh key)."""
    login(request, account, backend=_BACKEND)


@transaction.atomic
def sign_out(request: HttpRequest) -> None:
    """End a session; the sockets that were opened by it too."""
    person = person_of_session(request)
    logout(request)
    if person is not None:
        log.append(log.Draft(person.stream, "session.ended", {}, person.id))


def person_of_session(request: HttpRequest) -> Person | None:
    """The active person a request's session belongs to."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    user = get_user(request)
    return user.person if isinstance(user, Account) and user.is_active else None


def bearer(header: str) -> str | None:
    """The token in an Authorization header (RFC 6750)."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def person_of_socket(headers: Mapping[str, str], *, use_cookie: bool) -> Person | None:
    """The active person a WebSocket's handshake names, by Authorization or, when allowed, by session cookie."""
    if token := bearer(headers.get("authorization", "")):
        return tokens.person_of(token)
    if not use_cookie:
        return None
    request = HttpRequest()
    request.COOKIES = _cookies(headers)
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return person_of_session(request)


def names_somebody(headers: Mapping[str, str], *, use_cookie: bool) -> bool:
    """Whether a handshake brings a sign-in at all, good or bad."""
    has_session = use_cookie and settings.SESSION_COOKIE_NAME in _cookies(headers)
    return has_session or bearer(headers.get("authorization", "")) is not None


def _cookies(headers: Mapping[str, str]) -> dict[str, str]:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in cookies.items()}
