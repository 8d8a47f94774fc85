"""`manage.py test` and `manage.py services`: real servers for a while, thrown away afterwards."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from workspace.operate import client_build, paths
from workspace.operate.instance import AlreadyRunning, Instance
from workspace.operate.progress import say, step


def main(argv: list[str]) -> int:
    """`web_check`, `web_types`, `test [pytest args]`, or `services [--data DIR] [-- COMMAND …]`; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if argv[0] == "web_check":
            with step("checking the web client"):
                client_build.check()
            return 0
        if argv[0] == "web_types":
            with step("writing the web client's types"):
                client_build.write_types()
            return 0
        return _test(argv[1:]) if argv[0] == "test" else _services(argv[1:])
    except (AlreadyRunning, RuntimeError) as error:
        say(str(error))
        return 1


def _test(words: list[str]) -> int:
    if client_build.needed():
        with step("building the web client"):
            client_build.build()
    workers = (
        []
        if any(word.startswith("-n") for word in words)
        else ["-n", str(min(os.cpu_count() or 2, 4)), "--dist", "loadgroup"]
    )
    return _with_servers(None, [sys.executable, "-m", "pytest", *workers, *words])


def _services(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="manage.py services")
    parser.add_argument("--data")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args(words)
    return _with_servers(options.data, options.command)


def _with_servers(data: str | None, command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="roost-") as throwaway:
        home = Path(data or throwaway)
        if paths.IS_ROOT:
            home.chmod(0o755) if home.exists() else None
        instance = Instance(paths.Data(home.absolute()), throwaway=data is None)
        instance.claim()
        try:
            with step("starting PostgreSQL, Valkey and Dovecot"):
                instance.start_servers()
            instance.remember()
            if not command:
                say(f"servers run; their environment is in {instance.data.env_file}")
                signal.pause()
            return subprocess.call(command, cwd=paths.ROOT, env=instance.env)
        except KeyboardInterrupt:
            return 130
        finally:
            instance.stop()
