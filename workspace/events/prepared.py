"""Reading rows by prepared statements: the same objects as a queryset's, at a third of its cost.

The mirror works in many small steps, and a page of messages takes a handful of queries; building them with the ORM cost
more than all the rest (about 1 ms a query against 0.3 ms, measured on the machine of `deploy/BENCHMARKS.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection, models

from workspace.events import statement

M = TypeVar("M", bound=models.Model)
_Convert = Callable[[Any, Any, Any], Any]


def rows(model: type[M], where: str, params: Sequence[Any], *, prepare: bool = True) -> list[M]:
    """The rows of a model under an SQL condition (and order, and lock). `prepare` as in `statement.run`."""
    columns, names, converters = _columns(model)
    found = []
    sql = f"SELECT {columns} FROM {model._meta.db_table} WHERE {where}"
    for row in statement.run(sql, params, prepare=prepare):
        values = list(row)
        for n, convert in converters:
            values[n] = convert(values[n], None, connection)
        found.append(model.from_db("default", names, values))
    return found


@lru_cache(maxsize=32)
def _columns(model: type[models.Model]) -> tuple[str, list[str], list[tuple[int, _Convert]]]:
    fields = model._meta.concrete_fields
    converters = [
        (n, convert) for n, field in enumerate(fields) if (convert := getattr(field, "from_db_value", None)) is not None
    ]
    return ", ".join(f'"{field.column}"' for field in fields), [field.attname for field in fields], converters
