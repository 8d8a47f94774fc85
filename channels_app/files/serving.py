"""Files as HTTP answers: in pieces, from any byte on (RFC 9110, 14), and never run in the page."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def serve(request: HttpRequest, content: BinaryIO, *, name: str, kind: str, inline: bool, tag: str) -> HttpResponseBase:
    """The bytes of an open file, which is closed when they are sent; `tag` is another one when the bytes are.

    `inline` lets a browser show them, as what `kind` says; else they are a download.
    """
    size = os.fstat(content.fileno()).st_size
    etag = f'"{tag}"'
    span = _span(request, size, etag)
    if span is None:
        content.close()
        response: HttpResponseBase = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{size}"
        return response
    first, last, partial = span
    length, status = last - first + 1, 206 if partial else 200
    if request.method == "HEAD":
        content.close()
        response = HttpResponse(status=status)
    else:
        response = StreamingHttpResponse(_pieces(content, first, length), status=status)
    response["Content-Type"] = kind if inline else "application/octet-stream"
    response["Content-Length"] = str(length)
    if partial:
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Content-Disposition"] = content_disposition_header(not inline, name) or "attachment"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _span(request: HttpRequest, size: int, etag: str) -> tuple[int, int, bool] | None:
    """(first, last byte, whether a part was asked for); all of it for no range or several, None for one beyond it."""
    found = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if found is None or not (found[1] or found[2]) or request.headers.get("If-Range", etag) != etag:
        return 0, size - 1, False
    if not found[1]:
        wanted = int(found[2])
        return (max(0, size - wanted), size - 1, True) if wanted else None
    first, last = int(found[1]), min(int(found[2] or size), size - 1)
    if found[2] and int(found[2]) < first:  # not a range at all (RFC 9110, 14.1.2)
        return 0, size - 1, False
    return (first, last, True) if first < size else None


async def _pieces(content: BinaryIO, first: int, length: int) -> AsyncIterator[bytes]:
    """The bytes, a piece at a time: an ordinary iterator would be read to its end before the first byte goes out."""
    with content:
        content.seek(first)
        while length and (piece := await asyncio.to_thread(content.read, min(CHUNK, length))):
            length -= len(piece)
            yield piece
