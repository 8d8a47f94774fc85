"""One running house for all tests of this room (they share a worker by their group)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.operate.house import Running, bare_env, start_up


@dataclass
class House:
    up: Running
    url: str
    data: Path


def _folder() -> Iterator[Path]:
    """A place that the servers' user can reach, unlike pytest's own (which is closed to others)."""
    with tempfile.TemporaryDirectory(prefix="roost-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


data = pytest.fixture(_folder)
shared_data = pytest.fixture(_folder, scope="session")
servers_data = pytest.fixture(_folder, scope="session")


@pytest.fixture(scope="session")
def house(shared_data: Path) -> Iterator[House]:
    """`up` on fresh data with two web processes."""
    data = shared_data
    up, url = start_up(data, env=bare_env(WEB_PROCESSES="2"))
    yield House(up, url, data)
    up.stop()


@pytest.fixture(scope="session")
def servers(servers_data: Path) -> Iterator[Running]:
    """PostgreSQL, Valkey and Dovecot alone, as other tests' and other machines' servers."""
    running = Running("services", data=servers_data)
    running.line("servers run")
    yield running
    running.stop()
