"""Reading rows by prepared statements: the same objects as a queryset's, at a third of its cost.

The mirror works in many small steps, and a page of messages takes a handful of queries; building them with the ORM cost
more than all the rest (about 1 ms a query against 0.3 ms, measured on the machine of `deploy/BENCHMARKS.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast

from django.db import connection, models

from workspace.events import statement

M = TypeVar("M", bound=models.Model)
_Convert = Callable[[Any, Any, Any], Any]


def rows(model: type[M], where: str, params: Sequence[Any], *, prepare: bool = True) -> list[M]:
    """The rows of a model under an SQL condition (and order, and lock). `prepare` as in `statement.run`."""
    shape = _shape(model)
    sql = f"SELECT {shape.columns('')} FROM {model._meta.db_table} WHERE {where}"
    return [shape.build(model, row, 0) for row in statement.run(sql, params, prepare=prepare)]


def joined(model: type[M], paths: Sequence[str], where: str, params: Sequence[Any]) -> list[M]:
    """The same with what foreign keys lead to, as `select_related`; none of them may be null.

    `paths` are written as there, each after the one it goes on from. In the condition a table has its path for a name
    (in quotation marks), the model's own is "root".
    """
    plan = _plan(model, tuple(paths))
    found = []
    known: dict[tuple[str, Any], models.Model] = {}
    for row in statement.run(f"{plan.sql} WHERE {where}", params):
        made: dict[str, models.Model] = {}
        for step in plan.steps:
            key = (step.path, row[step.at + step.shape.key])
            one = known.get(key)
            if one is None:
                one = known[key] = step.shape.build(step.model, row, step.at)
            made[step.path] = one
            if step.field is not None:
                step.field.set_cached_value(made[step.parent], one)
        found.append(cast(M, made[ROOT]))
    return found


ROOT = "root"


@dataclass(frozen=True, slots=True)
class _Shape:
    """The columns of a model: `key` is where its primary key stands among them."""

    names: Sequence[str]
    attributes: list[str]
    converters: Sequence[tuple[int, _Convert]]
    key: int

    def columns(self, table: str) -> str:
        return ", ".join(f'{table}"{name}"' for name in self.names)

    def build(self, model: type[M], row: Sequence[Any], at: int) -> M:
        values = list(row[at : at + len(self.names)])
        for n, convert in self.converters:
            values[n] = convert(values[n], None, connection)
        return model.from_db("default", self.attributes, values)


@dataclass(frozen=True, slots=True)
class _Step:
    """One table of a join: its columns begin `at`; `field` of what stands at `parent` leads to it."""

    path: str
    parent: str
    field: Any
    model: type[models.Model]
    shape: _Shape
    at: int


@dataclass(frozen=True, slots=True)
class _Plan:
    sql: str
    steps: Sequence[_Step]


@lru_cache(maxsize=32)
def _shape(model: type[models.Model]) -> _Shape:
    fields = model._meta.concrete_fields
    converters = [
        (n, convert) for n, field in enumerate(fields) if (convert := getattr(field, "from_db_value", None)) is not None
    ]
    columns = [str(field.column) for field in fields]
    key = next(n for n, field in enumerate(fields) if field.primary_key)
    return _Shape(columns, [field.attname for field in fields], converters, key)


@lru_cache(maxsize=32)
def _plan(model: type[models.Model], paths: Sequence[str]) -> _Plan:
    steps = [_Step(ROOT, "", None, model, _shape(model), 0)]
    tables = f"{model._meta.db_table} {ROOT}"
    for path in paths:
        parent, _, name = path.rpartition("__")
        above = next(step for step in steps if step.path == (parent or ROOT))
        field: Any = above.model._meta.get_field(name)
        at = steps[-1].at + len(steps[-1].shape.names)
        steps.append(_Step(path, above.path, field, field.related_model, _shape(field.related_model), at))
        key = field.target_field.column
        tables += (
            f' JOIN {field.related_model._meta.db_table} "{path}" ON "{path}".{key} = "{above.path}".{field.column}'
        )
    columns = ", ".join(step.shape.columns(f'"{step.path}".') for step in steps)
    return _Plan(f"SELECT {columns} FROM {tables}", steps)
