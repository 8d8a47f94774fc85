"""Foreign keys point the way imports do: string references are invisible to the linter of the contracts."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from django.apps import apps
from django.db.models import Model

HOUSE = Path(__file__).parent.parent / "pyproject.toml"


def _layers() -> list[list[str]]:
    """The rooms of the contract on imports, the topmost first."""
    tools = tomllib.loads(HOUSE.read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = [one for one in tools["contracts"] if one["type"] == "layers" and "containers" not in one]
    return [layer.split(" | ") for layer in contract["layers"]]


def _room(model: type[Model]) -> str:
    return ".".join(model.__module__.split(".")[:2])


def _is_ours(model: type[Model]) -> bool:
    return model.__module__.startswith(("workspace.", "channels_app."))


def _keys() -> list[tuple[type[Model], str, type[Model]]]:
    """Every foreign key of ours to a model of ours: (model, field, what it points to)."""
    return [
        (model, field.name, field.related_model)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if _is_ours(model)
        and field.concrete
        and isinstance(field.related_model, type)
        and _is_ours(field.related_model)
    ]


def _upwards(layers: Sequence[Sequence[str]]) -> list[str]:
    """The foreign keys that leave their room for one that is not beneath it."""
    depth = {room: depth for depth, rooms in enumerate(layers) for room in rooms}
    return [
        f"{model._meta.label}.{name} -> {target._meta.label}"
        for model, name, target in _keys()
        if _room(model) != _room(target) and depth[_room(model)] >= depth[_room(target)]
    ]


def test_foreign_keys_point_to_the_same_room_or_one_beneath() -> None:
    assert _upwards(_layers()) == []


def test_every_foreign_key_between_rooms_is_looked_at() -> None:
    """With the house upside down each of them points the wrong way."""
    between = [name for model, name, target in _keys() if _room(model) != _room(target)]
    assert between and len(_upwards(_layers()[::-1])) == len(between)
