"""Endpoints on codes by which chat programs join a channel, encrypted (SecureJoin)."""

from __future__ import annotations

import io
from typing import Annotated

import segno
from django.http import HttpResponse
from ninja import Router
from pydantic import AwareDatetime, Field
from typing_extensions import TypedDict

from channels_app.api.door import Items, Request, answer, nothing
from channels_app.api.guests import utc
from channels_app.api.params import IdPath
from channels_app.chat.forms import Form
from channels_app.guests.models import JoinCode
from channels_app.guests.secure import codes
from channels_app.mail.securejoin import Code
from workspace.events.log import stamp

router = Router(tags=["guests"])


class JoinCodeShape(TypedDict):
    """`text` is what Delta Chat scans, `svg` draws it as a QR code, `link` says the same; `maker` is a person's id.

    Whoever has one of them can join until `expires_at`, as long as `uses` is less than `most_uses`.
    """

    id: str
    maker: str
    created_at: str
    expires_at: str
    uses: int
    most_uses: int
    text: str
    link: str
    svg: str


class JoinCodeForm(Form):
    expires_at: AwareDatetime | None = None
    most_uses: Annotated[int, Field(ge=1, le=codes.MOST_USES)] = 1


@router.get("/channels/{id}/join-codes", response=Items[JoinCodeShape])
def list_join_codes(request: Request, id: IdPath) -> HttpResponse:
    shown = codes.shown(person=request.auth, channel=id)
    return answer({"items": _shapes(shown), "next": None})


@router.post("/channels/{id}/join-codes", response={201: JoinCodeShape})
def make_join_code(request: Request, id: IdPath, form: JoinCodeForm) -> HttpResponse:
    until = utc(form.expires_at)
    code = codes.make(person=request.auth, channel=id, expires_at=until, most_uses=form.most_uses)
    return answer(_shapes([code])[0], 201)


@router.delete("/channels/{id}/join-codes/{code}", response={204: None})
def revoke_join_code(request: Request, id: IdPath, code: IdPath) -> HttpResponse:
    codes.revoke(person=request.auth, channel=id, code=code)
    return nothing()


def _shapes(rows: list[JoinCode]) -> list[JoinCodeShape]:
    return [_shape(code, said) for code, said in zip(rows, codes.said_by_all(rows), strict=True)]


def _shape(code: JoinCode, said: Code) -> JoinCodeShape:
    return {
        "id": code.id,
        "maker": code.maker_id,
        "created_at": stamp(code.created_at),
        "expires_at": stamp(code.expires_at),
        "uses": code.uses,
        "most_uses": code.most_uses,
        "text": said.text,
        "link": said.link,
        "svg": _drawn(said.text),
    }


def _drawn(text: str) -> str:
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, nl=False, omitsize=True, border=2, light="#fff"
    )
    return drawn.getvalue().decode()
