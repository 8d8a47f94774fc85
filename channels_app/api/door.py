"""What every endpoint shares: who asks, how answers and errors look, how lists are cut into pages."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import orjson
from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, RawPostDataException, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as NinjaValidationError
from ninja.operation import PathView
from ninja.parser import Parser
from ninja.security import APIKeyCookie, HttpBearer
from typing_extensions import TypedDict

from channels_app.chat.forms import fields_of
from workspace.events.refusal import Invalid, Malformed, NotFound, NotSignedIn, Refusal, TooLarge, TooMany, Unavailable
from workspace.events.statement import AWAY
from workspace.people.models import Person
from workspace.signin import sessions, tokens

log = logging.getLogger(__name__)

LIMIT_DEFAULT = 50
LIMIT_MOST = 200
SEND_JSON = "Send JSON with Content-Type: application/json."


class Request(HttpRequest):
    """A request after sign-in; `person` is who asks."""

    auth: Person


T = TypeVar("T")


class Items(TypedDict, Generic[T]):
    items: list[T]
    next: str | None


class SessionAuth(APIKeyCookie):
    """The session cookie; ninja checks the CSRF token with it."""

    param_name = "sessionid"

    def authenticate(self, request: HttpRequest, key: str | None) -> Person | None:
        return sessions.person_of_session(request)


class TokenAuth(HttpBearer):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: HttpRequest, token: str) -> Person | None:
        return tokens.person_of(token)


class JsonParser(Parser):
    """Strict JSON: only with its content type (a form of another site can't send that), no NaN, valid UTF-8."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise Malformed(SEND_JSON)
        try:
            return orjson.loads(request.body)
        except orjson.JSONDecodeError as error:
            raise Malformed(f"This is not JSON: {error}") from None


def answer(data: Any, status: int = 200) -> HttpResponse:
    """A JSON answer (shapes are built to the documented form, so they are not validated a second time)."""
    return HttpResponse(orjson.dumps(data), status=status, content_type="application/json")


def nothing() -> HttpResponse:
    return HttpResponse(status=204)


def refusal(error: Refusal) -> HttpResponse:
    response = answer({"error": error.body()}, error.status)
    if isinstance(error, TooMany):
        response["Retry-After"] = str(error.retry_after)
    return response


def errors(api: NinjaAPI) -> None:
    """Every way an endpoint can fail, in the one error shape."""

    @api.exception_handler(Refusal)
    def on_refusal(request: HttpRequest, error: Refusal) -> HttpResponse:
        return refusal(error)

    @api.exception_handler(AuthenticationError)
    def on_authentication(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        return refusal(NotSignedIn())

    @api.exception_handler(NinjaValidationError)
    def on_validation(request: HttpRequest, error: NinjaValidationError) -> HttpResponse:
        return refusal(Invalid("Some fields are wrong.", fields=fields_of([_named(one) for one in error.errors])))

    @api.exception_handler(HttpError)
    def on_http(request: HttpRequest, error: HttpError) -> HttpResponse:
        if isinstance(error.__cause__, Refusal):  # our parser's, which says what is wrong
            return refusal(error.__cause__)
        kinds: dict[int, type[Refusal]] = {401: NotSignedIn, 403: NotSignedIn, 404: NotFound, 413: TooLarge}
        kind = kinds.get(error.status_code, Malformed)
        if error.status_code == 403:  # ninja's answer to a missing CSRF token
            return answer({"error": {"code": "csrf", "message": "The CSRF token is missing.", "fields": {}}}, 403)
        return refusal(kind(str(error)))

    @api.exception_handler(RequestDataTooBig)
    def on_too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        return refusal(TooLarge(f"A request can have at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes."))

    @api.exception_handler(RawPostDataException)
    def on_form(request: HttpRequest, error: RawPostDataException) -> HttpResponse:
        return refusal(Malformed(SEND_JSON))  # the look for a CSRF token read a multipart body

    for kind in (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError):
        api.add_exception_handler(kind, _on_malformed)

    @api.exception_handler(Http404)
    def on_404(request: HttpRequest, error: Http404) -> HttpResponse:
        return refusal(NotFound())

    def on_away(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
        log.warning("%s %s: the database is away (%s)", request.method, request.path, error)
        return refusal(Unavailable())

    for away in AWAY:
        api.add_exception_handler(away, on_away)

    @api.exception_handler(Exception)
    def on_anything(request: HttpRequest, error: Exception) -> HttpResponse:
        log.exception("%s %s failed", request.method, request.path)
        body = {"code": "internal", "message": "Something went wrong here; it was logged.", "fields": {}}
        return answer({"error": body}, 500)


def _named(error: dict[str, Any]) -> dict[str, Any]:
    """ninja's error with the place as the caller knows it: without where it was, and the name of our own argument."""
    where, *place = error["loc"]
    return {**error, "loc": place[1:] if where == "body" else place}


def _on_malformed(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """What Django finds wrong with a request: a torn multipart body, too many fields, a forged Host."""
    return refusal(Malformed(str(error)[:200]))


def _not_allowed(path: PathView) -> HttpResponse:
    methods = sorted({method for operation in path.operations for method in operation.methods})
    body = {"code": "method_not_allowed", "message": f"Only {', '.join(methods)} here.", "fields": {}}
    response = answer({"error": body}, 405)
    response["Allow"] = ", ".join(methods)
    return response


# ninja's own answer is a line of text, and it has no hook for another one.
PathView._not_allowed = _not_allowed  # type: ignore[method-assign, assignment]


def page(rows: Sequence[T], limit: int, key: Callable[[T], str]) -> tuple[list[T], str | None]:
    """Cut rows that were read with one more than `limit`; the cursor of the next page."""
    shown = list(rows[:limit])
    return shown, (_encode(key(shown[-1])) if len(rows) > limit else None)


def after(cursor: str | None) -> str:
    """The key a cursor stands for, "" for the beginning. Raises `Malformed`."""
    if not cursor:
        return ""
    try:
        key = base64.urlsafe_b64decode(cursor.encode("ascii") + b"==").decode("ascii")
    except (binascii.Error, UnicodeError, ValueError):
        raise Malformed("This cursor is not one of ours.") from None
    if not key.isalnum():
        raise Malformed("This cursor is not one of ours.")
    return key


def _encode(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
