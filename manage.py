#!/usr/bin/env python3
"""Bootstrap (standard library only): make .venv from the hashed lock, then run the command in it.

python3 manage.py up        start everything
python3 manage.py test      run all tests
python3 manage.py help      all commands
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import itertools
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("ROOST_VENV", ROOT / ".venv"))
PYTHON = VENV / "bin" / "python"
LOCKS = {"dev": ROOT / "deploy" / "requirements-dev.txt", "run": ROOT / "deploy" / "requirements.txt"}
# There are no wheels of these; they are pure Python, and built in seconds.
SOURCES_ONLY = "authres,dkimpy,pyspf"
DEV_COMMANDS = {"test", "services", "web_check", "web_types", "bench"}
NEED_INSTANCE = {"org_create", "member_add", "mail_login", "sign_in_link", "status", "doctor", "dns"}
# Commands that start servers themselves and need no Django before that.
OPERATED = {
    "up": "workspace.operate.up",
    "test": "workspace.operate.testing",
    "services": "workspace.operate.testing",
    "web_check": "workspace.operate.testing",
    "web_types": "workspace.operate.testing",
    "bench": "workspace.operate.bench",
}


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if Path(sys.prefix).resolve() != VENV.resolve() and not os.environ.get("ROOST_NO_BOOTSTRAP"):
        bootstrap("dev" if command in DEV_COMMANDS else "run")
    if command in OPERATED:
        sys.exit(importlib.import_module(OPERATED[command]).main(sys.argv[1:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workspace.settings")
    use_running_instance()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def bootstrap(kind: str) -> None:
    """Make the virtual environment hold the lock, then go on in it."""
    if sys.version_info < (3, 11):
        newer = next((exe for v in ("3.14", "3.13", "3.12", "3.11") if (exe := shutil.which(f"python{v}"))), None)
        if newer is None:
            sys.exit("Roost needs Python 3.11 or newer.")
        os.execv(newer, [newer, *sys.argv])
    VENV.parent.mkdir(parents=True, exist_ok=True)
    with (VENV.parent / f".{VENV.name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two first runs at once take turns
        if not installed(kind):
            install(kind)
    os.execv(PYTHON, [str(PYTHON), str(ROOT / "manage.py"), *sys.argv[1:]])


def stamp(kind: str) -> Path:
    return VENV / f".installed-{kind}"


def wanted(kind: str) -> str:
    return hashlib.sha256(LOCKS[kind].read_bytes() + sys.version.encode()).hexdigest()


def installed(kind: str) -> bool:
    """Whether the environment holds this lock; one made for development serves for running too."""
    return PYTHON.exists() and any(
        stamp(k).exists() and stamp(k).read_text() == wanted(k) for k in {kind, "dev"} if LOCKS[k].exists()
    )


def install(kind: str) -> None:
    if importlib.util.find_spec("pip") is None:
        sys.exit("pip is missing: install the package python3-pip.")
    if not PYTHON.exists():
        step("making .venv", [sys.executable, "-m", "venv", "--without-pip", str(VENV)])
    wheels = ["--only-binary", ":all:", "--no-binary", SOURCES_ONLY]
    options = ["-q", "--disable-pip-version-check", *wheels, "--require-hashes", "--no-deps"]
    target = ["--python", str(PYTHON)]
    step(
        "installing Python packages",
        [sys.executable, "-m", "pip", *target, "install", *options, "-r", str(LOCKS[kind])],
    )
    for other in LOCKS:
        stamp(other).unlink(missing_ok=True)
    stamp(kind).write_text(wanted(kind))


def step(what: str, argv: list[str]) -> None:
    """Run a set-up step: a spinner on a terminal, one line elsewhere; its output only when it fails."""
    began = time.monotonic()
    terminal = sys.stderr.isatty()
    if not terminal:
        print(f"* {what}", file=sys.stderr, flush=True)
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
        for sign in itertools.cycle("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"):
            if terminal:
                print(f"\r{sign} {what} {time.monotonic() - began:.0f} s ", end="", file=sys.stderr, flush=True)
            try:
                child.wait(0.1)
                break
            except subprocess.TimeoutExpired:
                continue
        if child.returncode:
            output.seek(0)
            sys.stderr.write("\n" + output.read().decode(errors="replace"))
            sys.exit(f"{what} failed")
    if terminal:
        print(f"\r✓ {what} {time.monotonic() - began:.0f} s ", file=sys.stderr, flush=True)


def use_running_instance() -> None:
    """Find the parts of the instance that runs on the data directory (`--data` or ROOST_DATA)."""
    if "--data" in sys.argv[1:-1]:
        at = sys.argv.index("--data")
        os.environ["ROOST_DATA"] = sys.argv[at + 1]
        del sys.argv[at : at + 2]
    from workspace.operate.paths import default_data

    data = Path(os.environ.get("ROOST_DATA") or default_data()).absolute()
    os.environ["ROOST_DATA"] = str(data)
    known = data / "run" / "env.json"
    found = os.access(known, os.R_OK)  # our own programs, which may not read it, were told everything
    if not found and "DATABASE_URL" not in os.environ and len(sys.argv) > 1 and sys.argv[1] in NEED_INSTANCE:
        sys.exit(f"Nothing runs on {data}: start it with `python3 manage.py up`, or name another with --data.")
    if found:
        for name, value in json.loads(known.read_text()).items():
            os.environ.setdefault(name, value)
        if os.geteuid() == 0 and os.environ.get("ROOST_USER"):
            become(os.environ["ROOST_USER"], data)


def become(user: str, data: Path) -> None:
    """Go on as the user who runs the instance, so that what a command writes is theirs."""
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = str(data / "work")


if __name__ == "__main__":
    main()
