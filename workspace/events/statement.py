"""Statements of the hot path, prepared by the server.

Django binds parameters on the client's side, so PostgreSQL plans each statement anew; for the big statement of a post
the planning costs more than the work. These go past Django's cursor to psycopg's, on the same connection and in the
same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import psycopg
from django.db import InterfaceError, OperationalError, connection
from psycopg_pool import PoolTimeout

# What is raised while the database is away: by Django, and by the pool of connections.
AWAY = (OperationalError, InterfaceError, PoolTimeout)


def run(sql: str, params: Mapping[str, Any] | Sequence[Any], *, prepare: bool = True) -> list[tuple[Any, ...]]:
    """Run a prepared statement; its rows. Raises Django's database errors.

    With `prepare` False it is planned anew each time, for statements whose best plan depends on their parameters: these
    are bound by the client, as the server would use one plan for all.
    """
    connection.ensure_connection()
    kind = psycopg.Cursor if prepare else psycopg.ClientCursor
    with connection.wrap_database_errors, kind(connection.connection) as cursor:
        cursor.execute(sql.encode(), params, prepare=prepare)
        return cursor.fetchall()


def rows_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as one parameter, for `jsonb_to_recordset`: an array a column costs psycopg far more to write."""
    return orjson.dumps(rows).decode()
