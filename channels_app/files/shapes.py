"""Files as JSON (api.md)."""

from __future__ import annotations

from typing_extensions import TypedDict

from channels_app.files.models import StoredFile


class FileShape(TypedDict):
    id: str
    name: str
    type: str
    size: int
    width: int | None
    height: int | None
    url: str
    preview_url: str | None


def file(stored: StoredFile) -> FileShape:
    url = f"/api/v1/files/{stored.id}"
    return {
        "id": stored.id,
        "name": stored.name,
        "type": stored.type,
        "size": stored.size,
        "width": stored.width,
        "height": stored.height,
        "url": url,
        "preview_url": f"{url}?preview=1" if stored.width else None,
    }
