"""Endpoints on files: streamed in, streamed out, never run in the page."""

from __future__ import annotations

from typing import Annotated

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from ninja import File, Query, Router
from ninja.files import UploadedFile

from channels_app.api.door import Request, answer
from channels_app.api.params import IdPath
from channels_app.chat import access
from channels_app.files import serving, shapes, storage, uploads
from channels_app.files.shapes import FileShape
from workspace.events.refusal import NotFound

router = Router(tags=["files"])


@router.post("/files", response={201: FileShape})
def upload(request: Request, file: File[UploadedFile]) -> HttpResponse:
    access.require(request.auth, "file.upload")
    if (file.size or 0) > settings.UPLOAD_LIMIT:
        raise uploads.too_large()
    stored = uploads.store(
        uploader=request.auth,
        name=file.name or "file",
        chunks=file.chunks(),
        declared_type=file.content_type or "",
    )
    return answer(shapes.file(stored), 201)


_BYTES = {"description": "The file's bytes.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}


@router.get("/files/{id}", response={200: None}, openapi_extra={"responses": {200: _BYTES}})
def download(request: Request, id: IdPath, preview: Annotated[int, Query(ge=0, le=1)] = 0) -> HttpResponseBase:
    stored = access.file(request.auth, id)
    small = bool(preview and stored.width)
    try:
        content = storage.open_file(stored.preview_key if small else stored.key)
    except FileNotFoundError:
        raise NotFound("This file is gone.") from None
    kind = "image/webp" if small else stored.type
    inline, tag = kind in uploads.SAFE_INLINE, f"{stored.id}-preview" if small else stored.id
    response = serving.serve(request, content, name=stored.name, kind=kind, inline=inline, tag=tag)
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response
