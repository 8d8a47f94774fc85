"""Where the bytes lie: a folder. Writes are whole or not there (temporary name, fsync, rename)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from django.conf import settings


def path(key: str) -> Path:
    return Path(settings.STORAGE_DIR) / key


def write(key: str, chunks: Iterable[bytes]) -> int:
    """Store the chunks under `key`; the number of bytes written."""
    target = path(key)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    size = 0
    try:
        with fresh.open("wb") as out:
            for chunk in chunks:
                out.write(chunk)
                size += len(chunk)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    return size


def open_file(key: str) -> BinaryIO:
    """The bytes for reading. Raises `FileNotFoundError`."""
    return path(key).open("rb")
