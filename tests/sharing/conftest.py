"""No test asks the DNS: it has nothing, unless a test says so."""

from __future__ import annotations

import pytest

from channels_app.guests.sharing import keys
from tests.sharing.servers import pair

__all__ = ["pair"]


@pytest.fixture(autouse=True)
def _no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "lookup", lambda name: None)
