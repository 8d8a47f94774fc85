"""The OpenAPI document: what every operation may answer beside what it promises, said in one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from pydantic import TypeAdapter
from typing_extensions import TypedDict


class ErrorBody(TypedDict):
    code: str
    message: str
    fields: dict[str, str]


class ErrorAnswer(TypedDict):
    error: ErrorBody


REFUSALS = {
    400: ("Malformed", "The request could not be read."),
    401: ("NotSignedIn", "Nobody is signed in, or address and password don't match."),
    403: ("Forbidden", "The person may not do this, or the CSRF token is missing."),
    404: ("NotFound", "There is no such thing, or the person may not know of it."),
    409: ("Conflict", "This clashes with what is already there."),
    413: ("TooLarge", "The body is larger than the server takes in."),
    422: ("Invalid", "The request was read, but `fields` are wrong."),
    429: ("TooMany", "Too many at once; try again after `Retry-After` seconds."),
    503: ("Unavailable", "The database does not answer; try again after `Retry-After` seconds."),
}
_SCHEMA = {"$ref": "#/components/schemas/ErrorAnswer"}


class DocumentedApi(NinjaAPI):
    """ninja's, with the refusals in its document."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        document = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        add_refusals(document)
        return document


def add_refusals(document: dict[str, Any]) -> None:
    """Write the refusals into the components, and references to them into each operation that can answer so."""
    components = document["components"]
    error = TypeAdapter(ErrorAnswer).json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= {**error.pop("$defs"), "ErrorAnswer": error}
    components["responses"] = {name: _response(status, text) for status, (name, text) in REFUSALS.items()}
    for operations in document["paths"].values():
        for method, operation in operations.items():
            for status in possible(method, operation):
                reference = {"$ref": f"#/components/responses/{REFUSALS[status][0]}"}
                operation["responses"].setdefault(status, reference)


def _response(status: int, text: str) -> dict[str, Any]:
    response: dict[str, Any] = {"description": text, "content": {"application/json": {"schema": _SCHEMA}}}
    if status in (429, 503):
        response["headers"] = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
    return response


def possible(method: str, operation: dict[str, Any]) -> Iterator[int]:
    """The refusals an operation can answer with, by what it takes in and whether it changes something."""
    yield from (400, 413, 503)  # any request can be torn or carry a body nobody asked for
    if operation.get("security"):
        yield from (401, 403)
    if operation["parameters"] or "requestBody" in operation:
        yield from (404, 422)
    if method != "get":
        yield from (401, 409, 429)
