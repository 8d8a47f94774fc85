"""A browser for the tests: $CHROME, the installed Chromium, else the one in npm's @sparticuz/chromium, unpacked into
the cache (it brings the libraries that a bare system lacks).

Playwright downloads no browser here: it gets `executable_path=browser.find()`.
"""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import tarfile
from pathlib import Path

import brotli  # type: ignore[import-untyped]

from workspace.operate import client_build, paths

PACKAGE = "@sparticuz/chromium@143"
INSTALLED = ("chromium", "chromium-browser", "google-chrome")


def find() -> Path | None:
    """The browser's program, or None when there is none to be had (no network, another processor)."""
    if given := os.environ.get("CHROME"):
        return Path(given)
    if found := next((path for name in INSTALLED if (path := shutil.which(name))), None):
        return Path(found)
    try:
        return _unpacked()
    except (RuntimeError, OSError, tarfile.TarError):
        return None


def _unpacked() -> Path:
    home = paths.cache_dir() / "chromium"
    home.mkdir(parents=True, exist_ok=True)
    start = home / "chromium"
    with (home / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not start.exists():
            _unpack(home)
            fresh = home / "chromium.new"
            fresh.write_text(
                f'#!/bin/sh\nexport LD_LIBRARY_PATH="{home}/al2023/lib"\nexec "{home}/program/chromium" "$@"\n'
            )
            fresh.chmod(0o755)
            fresh.replace(start)
    return start


def _unpack(home: Path) -> None:
    client_build.npm("install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(home / "npm"), PACKAGE)
    packed = home / "npm" / "node_modules" / "@sparticuz" / "chromium" / "bin"
    program = home / "program"
    program.mkdir(exist_ok=True)
    (program / "chromium").write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
    (program / "chromium").chmod(0o755)
    for name, target in (("al2023", home / "al2023"), ("swiftshader", program), ("fonts", home / "fonts")):
        archive = packed / f"{name}.tar.br"
        if archive.exists():
            with tarfile.open(fileobj=io.BytesIO(brotli.decompress(archive.read_bytes()))) as tar:
                if hasattr(tarfile, "data_filter"):  # Python 3.11.2 of Debian 12 may lack it
                    tar.extraction_filter = tarfile.data_filter
                tar.extractall(target)
    shutil.rmtree(home / "npm", ignore_errors=True)
