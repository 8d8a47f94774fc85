"""Where things lie: one data directory, one short directory for sockets, one cache for what was fetched."""

from __future__ import annotations

import contextlib
import grp
import hashlib
import ipaddress
import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
IS_ROOT = os.geteuid() == 0
SERVICE_USER = "roost"
_short: set[Path] = set()


def default_data() -> Path:
    return Path("/var/lib/roost") if IS_ROOT else ROOT / ".local"


def cache_dir() -> Path:
    """What can be fetched or copied again, shared by all data directories of this user."""
    return Path("/var/cache/roost") if IS_ROOT else ROOT / ".local" / "cache"


def short_dir(key: Path) -> Path:
    """A directory with a short path (unix sockets have 107 bytes, Dovecot's patched paths 17) for a long one.

    Raises `RuntimeError` when somebody else made it first.
    """
    # Root's lie where no cleaner of old files goes; for others there is only /tmp (`keep` holds those off).
    path = Path(f"{'/run' if IS_ROOT else '/tmp'}/r{hashlib.sha256(f'{os.geteuid()}:{key}'.encode()).hexdigest()[:8]}")
    path.mkdir(mode=0o700, exist_ok=True)
    _short.add(path)
    if path.is_symlink() or path.stat().st_uid not in (os.geteuid(), service_ids()[0]):
        raise RuntimeError(f"{path} belongs to somebody else")
    if IS_ROOT:
        os.chown(path, *service_ids())
    return path


def keep() -> None:
    """Make this process's short directories and what is in them look used: systemd clears /tmp of what is 10 days old.

    It leaves sockets alone that somebody listens on, but not the links to Dovecot's parts.
    """
    for directory in _short:
        for path in (directory, *directory.glob("*")):
            with contextlib.suppress(OSError):
                os.utime(path, follow_symlinks=False)


def service_user() -> str:
    """The user who runs the data services: they refuse to run as root, so root gives them a system user."""
    if not IS_ROOT:
        return pwd.getpwuid(os.geteuid()).pw_name
    try:
        grp.getgrgid(pwd.getpwnam(SERVICE_USER).pw_gid)
    except KeyError:
        _make_service_user()
    return SERVICE_USER


def _make_service_user() -> None:
    """Make the system user; or what is missing of it, when an earlier run was stopped right there."""
    known = next((entry for entry in pwd.getpwall() if entry.pw_name == SERVICE_USER), None)
    if known is not None:
        make = ["groupadd", "--system", "--gid", str(known.pw_gid), SERVICE_USER]
    else:
        shell = ["--shell", "/usr/sbin/nologin"]
        make = ["useradd", "--system", "--user-group", "--no-create-home", *shell, SERVICE_USER]
    subprocess.run(make, check=True, start_new_session=True)


def service_ids() -> tuple[int, int]:
    entry = pwd.getpwnam(service_user())
    return entry.pw_uid, entry.pw_gid


def service_group() -> str:
    return grp.getgrgid(service_ids()[1]).gr_name


def as_service() -> dict[str, Any]:
    """Arguments for Popen that run a program as the service user."""
    if not IS_ROOT:
        return {"cwd": "/"}
    uid, gid = service_ids()
    return {"user": uid, "group": gid, "extra_groups": [], "cwd": "/"}


def as_programs(work: Path) -> dict[str, Any]:
    """Arguments for Popen that run our own programs: as the service user, unless only root can read them."""
    if not IS_ROOT:
        return {"cwd": ROOT}
    probe = [sys.executable, "-c", "import django, workspace.operate"]
    who = {**as_service(), "cwd": ROOT}
    try:
        subprocess.run(probe, check=True, capture_output=True, env={**os.environ, "HOME": str(work)}, **who)
    except (OSError, subprocess.CalledProcessError):
        return {"cwd": ROOT}
    return who


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def seen_from_here(host: str) -> str:
    """Where this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "::": "::1"}.get(host, host)


def own(path: Path, mode: int = 0o700) -> Path:
    """A directory of the service user."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    if IS_ROOT:
        os.chown(path, *service_ids())
    return path


@dataclass(frozen=True)
class Data:
    """The data directory of one instance."""

    path: Path

    def prepare(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        if IS_ROOT:
            self.path.chmod(0o755)
        for name in ("run", "log", "files"):
            (self.path / name).mkdir(mode=0o700, exist_ok=True)

    @property
    def work(self) -> Path:
        """What our own programs keep while they run: theirs, while `run` is of who started them."""
        return self.path / "work"

    def hand_over(self, uid: int, gid: int) -> None:
        """Give what our programs write to the user who runs them."""
        for top in (self.work, self.path / "files"):
            top.mkdir(mode=0o700, exist_ok=True)
            if top.stat().st_uid == uid:
                continue
            for folder, _, names in os.walk(top):
                for path in (folder, *(os.path.join(folder, name) for name in names)):
                    os.chown(path, uid, gid, follow_symlinks=False)

    def check_reach(self) -> None:
        """Raises `RuntimeError` when the servers' user can't get to the data directory."""
        if subprocess.run(["test", "-x", str(self.path)], **as_service()).returncode:
            raise RuntimeError(
                f"The user {service_user()}, who runs the servers, can't enter {self.path}."
                " Choose another place with --data."
            )

    @property
    def env_file(self) -> Path:
        return self.path / "run" / "env.json"

    @property
    def sockets(self) -> Path:
        return short_dir(self.path)

    def log(self, name: str) -> Path:
        return self.path / "log" / f"{name}.log"
