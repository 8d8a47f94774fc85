"""Small pictures of files for those who cannot read ours."""

from __future__ import annotations

import io
import logging

from PIL import Image

from channels_app.files import storage
from channels_app.files.models import StoredFile

log = logging.getLogger(__name__)

_QUALITY = 75


def jpeg(stored: StoredFile) -> bytes | None:
    """The small picture of an image as JPEG, which any mail program shows; None for a file that has none."""
    if not stored.width:
        return None
    try:
        with storage.open_file(stored.preview_key) as file, Image.open(file, formats=("WEBP",)) as image:
            shown = Image.new("RGB", image.size, "white")
            shown.paste(image, mask=image.getchannel("A") if "A" in image.getbands() else None)
    except OSError as error:
        log.warning("no preview of %s: %s", stored.id, error)
        return None
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
