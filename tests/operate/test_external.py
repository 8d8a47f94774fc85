"""Each embedded part gives way to a real one by its URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operate.house import Running, answers, bare_env, start_up

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("operate"), pytest.mark.timeout(240)]

PARTS = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL", "dovecot": "IMAP_URL"}


@pytest.mark.parametrize("given", [["dovecot"], ["postgres", "valkey", "dovecot"]])
def test_a_part_given_by_url_is_not_started(data: Path, servers: Running, given: list[str]) -> None:
    known = servers.env()
    urls = {PARTS[part]: known[PARTS[part]] for part in given}
    up, url = start_up(data, env=bare_env(**urls))
    try:
        assert not set(given) & set(up.children())
        assert set(PARTS) - set(given) <= set(up.children())
        assert "needed" in answers(f"{url}/api/v1/setup")
        assert ("IMAP_BELL" in up.env()) == ("dovecot" not in given)
        assert {name: up.env()[name] for name in urls} == urls
    finally:
        up.stop()
    assert set(servers.children()) == set(PARTS)  # others' servers go on
