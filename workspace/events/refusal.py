"""Refusals: what a verb answers when it will not do a thing. Every door turns them into its own words."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """A refusal the caller can expect.

    `code` is for programs, `message` for people, `fields` names the parts of the request that were wrong, and
    `status` is the HTTP status a door answers with.
    """

    status: ClassVar[int] = 422
    code: str = "invalid"
    message: str = "This can't be done."

    def __init__(self, message: str = "", *, code: str = "", fields: dict[str, str] | None = None) -> None:
        self.message = message or self.message
        self.code = code or self.code
        self.fields = fields or {}
        super().__init__(self.message)

    def body(self) -> dict[str, object]:
        """The error as JSON: `{"code", "message", "fields"}` (api.md)."""
        return {"code": self.code, "message": self.message, "fields": self.fields}


class Malformed(Refusal):
    status = 400
    code = "malformed"
    message = "This request could not be read."


class NotSignedIn(Refusal):
    status = 401
    code = "not_signed_in"
    message = "Sign in first."


class Forbidden(Refusal):
    status = 403
    code = "forbidden"
    message = "You may not do this."


class NotFound(Refusal):
    """Also for what the caller may not know of."""

    status = 404
    code = "not_found"
    message = "There is no such thing, or you may not see it."


class Conflict(Refusal):
    status = 409
    code = "conflict"
    message = "This clashes with what is already there."


class TooLarge(Refusal):
    status = 413
    code = "too_large"
    message = "This is too large."


class Invalid(Refusal):
    status = 422


class TooMany(Refusal):
    status = 429
    code = "too_many"
    message = "Too many at once; try again in a moment."

    def __init__(self, message: str = "", *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(TooMany):
    """The database is away; what was asked may be asked again."""

    status = 503
    code = "unavailable"
    message = "The database does not answer right now; try again in a moment."
