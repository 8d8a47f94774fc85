"""Files that are not what they say, or made to harm: kept as they are, never run in the page, never a server's end."""

from __future__ import annotations

import io
import resource
import struct
import time
import zlib
from typing import Any

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image
from pytest_django import Settings

from channels_app.files import uploads
from tests.api.test_bad_input import refused, send
from tests.cast import Api, Cast

HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'.encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()

FORMS = {
    "nothing": b"",
    "no part": TAIL,
    "another field": HEAD.replace(b'name="file"', b'name="colour"') + b"x" + TAIL,
    "an empty file": HEAD + TAIL,
    "no file": HEAD.replace(b'; filename="a.txt"', b"") + b"x" + TAIL,
    "broken base64": HEAD.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n") + b"!" + TAIL,
    "101 files": (HEAD + b"x\r\n") * 101 + TAIL,
    "1,001 fields": HEAD.replace(b'; filename="a.txt"', b"") * 1001 + b"x" + TAIL,
    "a header without end": HEAD[:-4] + b"x" * 200_000,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_form_that_holds_no_file_is_refused(cast: Cast, bob: Api, form: bytes) -> None:
    refused(send(bob, "POST", "/files", form, MULTIPART_CONTENT), 400, 422)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=\x7f", "text/plain", ""])
def test_a_body_that_is_no_form_is_refused(cast: Cast, bob: Api, kind: str) -> None:
    refused(send(bob, "POST", "/files", HEAD + b"x" + TAIL, kind), 400, 422)


def test_a_file_too_large_is_refused(cast: Cast, bob: Api, settings: Settings) -> None:
    settings.UPLOAD_LIMIT = 1024 * 1024
    answer = bob.upload("a.bin", b"x" * (1024 * 1024 + 1))
    assert refused(answer, 413)["message"] == "Files can have at most 1 MB."


NAMES = {
    "../../etc/passwd": "passwd",
    "C:\\Windows\\win.ini": "win.ini",
    "a\x00b.txt": "a_b.txt",
    'a"b\r\nSet-Cookie: x=1': "a_b__Set-Cookie: x=1",
    "\u202egnp.exe": "_gnp.exe",
    "..": "file",
    ".htaccess": "htaccess",
    "x" * 300 + ".pdf": "x" * 251 + ".pdf",
    "ü" * 300: "ü" * 255,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_made_safe(cast: Cast, bob: Api, name: str) -> None:
    stored = uploads.store(uploader=cast.bob, name=name, chunks=[b"x"])
    assert stored.name == NAMES[name] or stored.name.replace('"', "_") == NAMES[name]
    answer = bob.get(f"/files/{stored.id}")
    assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    assert len(answer["Content-Disposition"].splitlines()) == 1


HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
ACTIVE = {
    "a.html": HTML, "a.svg": SVG, "a.xhtml": b'<?xml version="1.0"?>' + HTML, "a.xml": SVG, "a.js": b"alert(1)",
    "a.png": HTML, "a.txt": HTML, "a": SVG, "a.pdf": HTML, "a.jpg": SVG, "a.mht": b"MIME-Version: 1.0\r\n\r\n" + HTML,
    "a.swf": b"FWS\x09" + b"\0" * 40, "a.webp": b"RIFF\x00\x00\x00\x00WEBP" + HTML, "b.gif": b"GIF89a/*" + HTML,
}  # fmt: skip


@pytest.mark.parametrize(
    "declared", ["", "text/html", "image/svg+xml", "image/png", "text/html; charset=utf-7", "x/y\r\nX: 1"]
)
@pytest.mark.parametrize("name", ACTIVE)
def test_nothing_that_runs_is_shown_in_the_page(cast: Cast, bob: Api, name: str, declared: str) -> None:
    stored = uploads.store(uploader=cast.bob, name=name, chunks=[ACTIVE[name]], declared_type=declared)
    answer = bob.get(f"/files/{stored.id}")
    kind = answer["Content-Type"]
    assert kind == "application/octet-stream" or kind in uploads.SAFE_INLINE
    assert answer["Content-Disposition"].startswith("inline") == (kind in uploads.SAFE_INLINE)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_a_lie_about_the_type_is_found_out(cast: Cast) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (2, 3)).save(picture, "PNG")
    stored = uploads.store(uploader=cast.bob, name="a.html", chunks=[picture.getvalue()], declared_type="text/html")
    assert (stored.type, stored.width, stored.height) == ("image/png", 2, 3)


@given(st.binary(max_size=300), st.sampled_from(["a.png", "a", "a.docx", "a.mp4", "a.zip"]), st.text(max_size=30))
@examples(max_examples=300, derandomize=True, deadline=None)
def test_any_bytes_have_a_type(head: bytes, name: str, declared: str) -> None:
    kind = uploads.sniff(head, name, declared)
    assert kind.count("/") == 1 and kind.isprintable() and len(kind) <= 127


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("audio/ogg; codecs=opus", "audio/ogg"),
        ("video/ogg", "application/ogg"),
        ("text/html", "application/ogg"),
        ("", "application/ogg"),
    ],
)
def test_sound_that_begins_as_a_film_is_what_it_was_sent_as(declared: str, kind: str) -> None:
    head = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead" + bytes(60)
    assert uploads.sniff(head, "a.ogg", declared) == kind
    assert uploads.sniff(b"\x89PNG\r\n\x1a\n" + bytes(60), "a.png", declared) == "image/png"


def _png(width: int, height: int) -> bytes:
    """A picture of one colour: millions of pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress(b"\0" * min((width * 3 + 1) * height, 50_000_000), 9)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height"), [(30_000, 30_000), (8_000, 6_000), (2**31 - 1, 1), (1, 2**31 - 1), (0, 0)]
)
def test_a_picture_that_would_fill_the_memory_has_no_preview(cast: Cast, width: int, height: int) -> None:
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    stored = uploads.store(uploader=cast.bob, name="bomb.png", chunks=[_png(width, height)])
    assert (stored.type, stored.width) == ("image/png", None)
    assert time.process_time() - began < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "ICO", "EPS", "PDF"])
def test_a_damaged_picture_is_a_file_like_any_other(cast: Cast, format: str) -> None:
    picture = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(picture, format)
    whole = picture.getvalue()
    for at in range(0, len(whole), max(1, len(whole) // 25)):
        damaged = whole[:at] + b"\xff\x00\xff" + whole[at + 3 :]
        for content in (whole[: at + 1], damaged):
            assert uploads.store(uploader=cast.bob, name=f"a.{format}", chunks=[content]).size == len(content)


def test_a_picture_taken_sideways_stands_upright(cast: Cast, bob: Api) -> None:
    picture = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (2000, 1000)).save(picture, "JPEG", exif=exif)
    stored = uploads.store(uploader=cast.bob, name="a.jpg", chunks=[picture.getvalue()])
    assert (stored.width, stored.height) == (1000, 2000)
    answer: Any = bob.get(f"/files/{stored.id}?preview=1")
    assert answer["Content-Type"] == "image/webp"
