"""One running house for all tests of this room (they share a worker by their group)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operate.house import House, Running, bare_env, open_folder, running_house


def _folder() -> Iterator[Path]:
    with open_folder() as data:
        yield data


data = pytest.fixture(_folder)
shared_data = pytest.fixture(_folder, scope="session")
servers_data = pytest.fixture(_folder, scope="session")


@pytest.fixture(scope="session")
def house(shared_data: Path) -> Iterator[House]:
    """`up` on fresh data with two web processes."""
    with running_house(shared_data, env=bare_env(WEB_PROCESSES="2")) as house:
        yield house


@pytest.fixture(scope="session")
def servers(servers_data: Path) -> Iterator[Running]:
    """PostgreSQL, Valkey and Dovecot alone, as other tests' and other machines' servers."""
    running = Running("services", data=servers_data)
    running.line("servers run")
    yield running
    running.stop()
