"""What doors take in for the everyday verbs: exact, unknown fields refused (pydantic)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, WithJsonSchema

from workspace.events.refusal import Invalid

Id = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,32}$")]
ClientId = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[\x21-\x7e]+$")]
# Documented here, refused by the verb, which says the limit in words.
Text = Annotated[str, WithJsonSchema({"type": "string", "maxLength": settings.TEXT_LIMIT})]
Seq = Annotated[int, Field(ge=0, le=2**53, strict=True)]
Flag = Annotated[bool, Field(strict=True)]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PostForm(Form):
    text: Text = ""
    thread: Id | None = None
    also_to_channel: Flag = False
    files: list[Id] = Field(default_factory=list, max_length=100)
    client_id: ClientId | None = None


class EditForm(Form):
    text: Text


class SeqForm(Form):
    seq: Seq


class PostCall(PostForm):
    channel: Id


class EditCall(EditForm):
    message: Id


class MessageCall(Form):
    message: Id


class ReactionCall(Form):
    message: Id
    emoji: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class ReadCall(SeqForm):
    channel: Id


F = TypeVar("F", bound=Form)


def read(form: type[F], params: Any) -> F:
    """Check `params` against a form. Raises `Invalid` naming each field that is wrong."""
    try:
        return form.model_validate(params)
    except ValidationError as error:
        raise Invalid("Some fields are wrong.", fields=fields_of(error.errors())) from None


def fields_of(errors: Sequence[Any]) -> dict[str, str]:
    """pydantic's errors as `{field: what is wrong}`."""
    return {".".join(str(part) for part in e["loc"]) or "body": str(e["msg"])[:200] for e in errors[:20]}
