"""`up` needs no root: an ordinary user starts it from a checkout of their own, and nothing is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operate.house import ROOT, answers, bare_env, left, start_up, until
from workspace.operate import paths

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("operate"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(not paths.IS_ROOT, reason="the rest of this suite runs as an ordinary user already"),
]

USER = "roost-tester"
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", "node_modules", ".local", "*_cache", "__pycache__", ".hypothesis")


@pytest.fixture
def user() -> Iterator[pwd.struct_passwd]:
    subprocess.run(["useradd", "--user-group", "--no-create-home", USER], check=True)
    yield pwd.getpwnam(USER)
    subprocess.run(["userdel", USER], check=False)


def python_for(user: pwd.struct_passwd) -> tuple[str, dict[str, str]]:
    """A Python this user can run with the suite's packages (root's own may lie where nobody else looks)."""
    site = next(path for path in sys.path if path.endswith("site-packages"))
    for candidate in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        env = {"PYTHONPATH": site, "ROOST_NO_BOOTSTRAP": "1"}
        try:
            probe = [candidate, "-c", "import django, psycopg, uvloop"]
            subprocess.run(
                probe, check=True, capture_output=True, env=env, cwd="/", user=user.pw_uid, group=user.pw_gid
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate, env
    pytest.skip("no Python here that an ordinary user can run")


def test_an_ordinary_user_starts_it(data: Path, user: pwd.struct_passwd) -> None:
    python, env = python_for(user)
    checkout = data.parent / "roost"
    shutil.copytree(ROOT, checkout, ignore=LEFT_OUT)
    for path in (data.parent, checkout, *checkout.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    env = bare_env(**env, HOME=str(checkout))
    up, url = start_up(data, env=env, root=checkout, python=python, cwd=checkout, **who)
    try:
        assert answers(f"{url}/api/v1/setup")["needed"] is True
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in up.children().values()}
        assert owners == {user.pw_uid}
    finally:
        assert up.stop() < 10
    until(lambda: not left(data), 2)
