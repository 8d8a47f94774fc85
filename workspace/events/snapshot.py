"""Reading state and the log's heads as they stood at one moment.

A client goes on from the head it is given. Rows read before the head miss what was committed in between, rows read
after it have it twice; so both must come from one snapshot of the database.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import connection, transaction


@contextlib.contextmanager
def snapshot() -> Iterator[None]:
    """All queries within see the same moment (REPEATABLE READ; PostgreSQL, "Transaction Isolation").

    Inside a transaction that has begun already it adds nothing: PostgreSQL can't change its level any more.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
