"""Parameters that several endpoints take."""

from __future__ import annotations

from typing import Annotated

from ninja import Header, Path, Query
from pydantic import Field

from channels_app.chat.forms import ClientId

NO_NUL = r"^[^\x00]*$"  # a database text can't hold one
ID = r"^[0-9A-Za-z]{1,32}$"
IdPath = Annotated[str, Path(pattern=ID)]
SlugOrId = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,40}$")]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=200)]
SeqQuery = Annotated[int | None, Query(ge=0, le=2**53)]
IdempotencyKey = Annotated[ClientId | None, Header(alias="Idempotency-Key")]
Name = Annotated[str, Field(min_length=1, max_length=1000)]
