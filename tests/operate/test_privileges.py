"""Started by root, everything but the supervisor runs as a user without rights."""

from __future__ import annotations

import json
import pwd
import shutil
from pathlib import Path

import pytest

from tests.operate.house import ROOT, Running, answers, bare_env, manage, start_up
from tests.operate.test_ordinary_user import LEFT_OUT, python_for
from workspace.operate import paths

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("operate"),
    pytest.mark.timeout(240),
    pytest.mark.skipif(not paths.IS_ROOT, reason="only root has rights to drop"),
]


def _owners(up: Running) -> dict[str, int]:
    return {
        name: Path(f"/proc/{pid}").stat().st_uid for name, pid in up.children().items() if Path(f"/proc/{pid}").exists()
    }


def test_programs_run_without_rights_and_what_commands_write_is_theirs(data: Path) -> None:
    user = pwd.getpwnam(paths.service_user())
    python, env = python_for(user)
    checkout = data.parent / "roost"
    shutil.copytree(ROOT, checkout, ignore=LEFT_OUT)
    env = bare_env(**env, HOME="/root")
    (data / "files" / "old").mkdir(parents=True)
    (data / "files" / "old" / "file").write_text("of a run as root")
    up, url = start_up(data, env=env, root=checkout, python=python, cwd="/")
    try:
        assert set(_owners(up)) >= {"web-0", "postgres", "dovecot", "valkey"} and set(_owners(up).values()) == {
            user.pw_uid
        }
        assert not any("run as root" in line for line in up.lines)

        def run(*words: str) -> dict[str, str]:
            done = manage(*words, "--json", "--data", str(data), env=env, root=checkout, python=python)
            assert done.returncode == 0, done.stderr
            return dict(json.loads(done.stdout))

        token = run("org_create", "Acme", "--owner", "alice@a.test")["token"]
        run("mail_login", "acme", "alice@a.test")
        assert answers(f"{url}/api/v1/me", token)["person"]["email"] == "alice@a.test"
        written = [path for top in ("files", "work", "mail/logins") for path in (data / top).rglob("*")]
        assert written and {path.stat().st_uid for path in written if path.suffix != ".now"} == {user.pw_uid}
        assert (data / "run").stat().st_uid == 0
    finally:
        assert up.stop() < 10


def test_says_why_when_they_must_run_as_root(data: Path) -> None:
    python, env = python_for(pwd.getpwnam(paths.service_user()))
    checkout = data.parent / "roost"
    shutil.copytree(ROOT, checkout, ignore=LEFT_OUT)
    checkout.chmod(0o700)
    up, url = start_up(data, env=bare_env(**env), root=checkout, python=python, cwd="/")
    try:
        assert answers(f"{url}/api/v1/setup")["needed"] is True
        assert _owners(up)["web-0"] == 0 and _owners(up)["postgres"] != 0
        assert sum(str(checkout) in line and "run as root" in line for line in up.lines) == 1
    finally:
        assert up.stop() < 10
