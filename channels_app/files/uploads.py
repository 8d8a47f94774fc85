"""Verbs on files: taking one in, from a browser or from a mail."""

from __future__ import annotations

import io
import logging
import re
import threading
import warnings
from collections.abc import Iterable
from typing import BinaryIO

import puremagic
from django.conf import settings
from PIL import ExifTags, Image, ImageOps

from channels_app.files import storage
from channels_app.files.models import StoredFile
from workspace.events.refusal import Invalid, TooLarge
from workspace.people.models import Person

log = logging.getLogger(__name__)

PREVIEW_PIXELS = 720
# What is decoded, so at most some 160 MB, and one at a time; a picture of a camera is shrunk before it counts.
IMAGE_PIXELS_LIMIT = 40_000_000
# Pillow knows many more, of which some are old and one starts another program.
PREVIEW_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
SNIFF_BYTES = 4096
# What a browser may show in the page's own origin; everything else is a download.
SAFE_INLINE = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "text/plain", "application/pdf"}
SAFE_INLINE |= {"audio/mpeg", "audio/ogg", "audio/wav", "video/mp4", "video/webm"}
_one_preview = threading.Lock()
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f/\\\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def store(
    *, uploader: Person, name: str, chunks: Iterable[bytes], declared_type: str = "", id: str | None = None
) -> StoredFile:
    """Take a file in. Raises `TooLarge` beyond the upload limit and `Invalid` for an empty one."""
    stored = StoredFile(org_id=uploader.org_id, uploader=uploader, name=clean_name(name))
    if id:
        stored.id = id
    stored.size = storage.write(stored.key, _limited(chunks))
    if stored.size == 0:
        storage.path(stored.key).unlink(missing_ok=True)
        raise Invalid("This file is empty.", fields={"file": "empty"})
    with storage.open_file(stored.key) as file:
        stored.type = sniff(file.read(SNIFF_BYTES), stored.name, declared_type)
    if stored.type.startswith("image/") and stored.type != "image/svg+xml":
        _preview(stored)
    stored.save(force_insert=True)
    return stored


def _limited(chunks: Iterable[bytes]) -> Iterable[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > settings.UPLOAD_LIMIT:
            raise too_large()
        yield chunk


def too_large() -> TooLarge:
    return TooLarge(f"Files can have at most {settings.UPLOAD_LIMIT / (1024 * 1024):.3g} MB.")


def clean_name(name: str) -> str:
    """A file name without path, control or direction-override characters, at most 255 characters, never empty."""
    cleaned = _UNSAFE_NAME.sub("_", name.replace("\\", "/").rsplit("/", 1)[-1]).strip().lstrip(".")
    if len(cleaned) > 255:
        stem, dot, ending = cleaned.rpartition(".")
        cleaned = f"{stem[: 254 - len(ending)]}{dot}{ending}" if dot and len(ending) < 20 else cleaned[:255]
    return cleaned or "file"


def sniff(head: bytes, name: str, declared: str = "") -> str:
    """The media type by content, else by what was declared, else by the name; never one that can run in a page.

    Films and sound begin alike (Ogg, WebM, MP4), so what was declared says which it is.
    """
    try:
        found = puremagic.from_string(head, mime=True, filename=name)
    except Exception:  # its deeper looks into a file raise anything at all
        found = ""
    said = declared.partition(";")[0].strip().lower()
    kind = said if said.startswith("audio/") and found.startswith(("video/", "application/ogg")) else found or said
    text = _looks_like_text(head)
    if not re.fullmatch(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", kind) or (kind.startswith("text/") and not text):
        kind = "text/plain" if text else "application/octet-stream"
    return kind


def _looks_like_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
    return b"\0" not in head


def _preview(stored: StoredFile) -> None:
    """Set width and height and write a small preview; an image that can't be read is a file like any other."""
    try:
        with _one_preview, warnings.catch_warnings(), storage.open_file(stored.key) as file:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            width, height, small = _shrunk(file)
    except Exception as error:  # decoders raise anything at all for what somebody made up
        log.info("no preview of %s: %r", stored.id, error)
        return
    storage.write(stored.preview_key, [small])
    stored.width, stored.height = width, height


def _shrunk(file: BinaryIO) -> tuple[int, int, bytes]:
    """An image's width and height, upright, and a small WebP of it. Raises whatever a decoder does."""
    with Image.open(file, formats=PREVIEW_FORMATS) as image:
        width, height = image.size
        if image.getexif().get(ExifTags.Base.Orientation, 1) >= 5:
            width, height = height, width
        image.draft("RGB", (PREVIEW_PIXELS * 2, PREVIEW_PIXELS * 2))  # a JPEG is shrunk while it is decoded
        if image.width * image.height > IMAGE_PIXELS_LIMIT:
            raise ValueError("too many pixels")
        image.thumbnail((PREVIEW_PIXELS, PREVIEW_PIXELS))
        upright = ImageOps.exif_transpose(image)
        out = io.BytesIO()
        upright.convert("RGBA" if "A" in upright.getbands() else "RGB").save(out, "WEBP", quality=80)
    return width, height, out.getvalue()
