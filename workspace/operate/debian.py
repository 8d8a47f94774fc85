"""Programs from Debian's archive without root and without changing the system: fetched by apt (which checks their
signatures), unpacked into the cache."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

from workspace.operate import paths, programs


def unpack(name: str, packages: list[str]) -> Path:
    """The folder where these packages, and what they need and the system lacks, lie unpacked.

    Raises `RuntimeError` where there is no apt.
    """
    home = paths.cache_dir() / name
    if (home / "done").exists():
        return home / "root"
    if not shutil.which("apt-get"):
        raise RuntimeError(f"{packages[0]} is not installed, and there is no apt here to fetch it")
    home.mkdir(parents=True, exist_ok=True)
    for directory in (paths.cache_dir(), home):
        directory.chmod(0o755)
    with (home / "lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (home / "done").exists():
            _fetch(home, packages)
            (home / "done").touch()
    return home / "root"


def _fetch(home: Path, packages: list[str]) -> None:
    shutil.rmtree(home / "root", ignore_errors=True)
    for part in ("state/lists/partial", "cache/archives/partial", "debs"):
        (home / part).mkdir(parents=True, exist_ok=True)
    options = {
        "Dir::State": home / "state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": home / "cache",
        "APT::Sandbox::User": "",
        "Debug::NoLocking": "1",
        "Acquire::Languages": "none",
    }
    apt = ["apt-get", "-q", *(word for key, value in options.items() for word in ("-o", f"{key}={value}"))]
    programs.run([*apt, "update"])
    plan = programs.run([*apt, "install", "-y", "-s", "--no-install-recommends", *packages])
    names = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    # A package that is installed already is still wanted beside the others.
    programs.run([*apt, "download", *dict.fromkeys([*names, *packages])], cwd=home / "debs")
    (home / "root").mkdir()
    for package in sorted((home / "debs").glob("*.deb")):
        programs.run(["dpkg-deb", "-x", str(package), str(home / "root")])
    (home / "root").chmod(0o755)
    for part in ("state", "cache", "debs"):
        shutil.rmtree(home / part, ignore_errors=True)


def library_path(root: Path) -> str:
    """LD_LIBRARY_PATH for programs unpacked under `root`."""
    found = [str(path) for base in ("usr/lib", "lib") for path in (root / base).glob("*-linux-gnu*")]
    return ":".join(found)


def tool(name: str, package: str) -> tuple[str, dict[str, str]]:
    """A program: the installed one, else unpacked from Debian's archive; its path and the environment it needs."""
    if found := shutil.which(name):
        return found, {}
    root = unpack(f"tool-{name}", [package])
    path = next((root / base / name for base in ("usr/bin", "bin", "usr/sbin") if (root / base / name).exists()), None)
    if path is None:
        raise RuntimeError(f"{package} has no {name}")
    return str(path), {"LD_LIBRARY_PATH": library_path(root)}
