"""Calls over the socket, and the client that waits for them."""

from __future__ import annotations

import re

from django.conf import settings
from django.db import connection


def test_a_call_that_gets_no_database_fails_before_the_client_gives_it_up() -> None:
    """Or an edit that the client did once more, and then another, would be undone by the first."""
    socket = (settings.BASE_DIR / "channels_app/web/src/data/socket.ts").read_text()
    found = re.search(r"CALL_TIMEOUT = ([0-9_]+)", socket)
    assert found and connection.settings_dict["OPTIONS"]["pool"]["timeout"] * 1000 < int(found[1])
