"""Fixtures of the whole suite. `python3 manage.py test` starts the servers it runs on."""

from __future__ import annotations

from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from channels_app.chat.batch import batcher
from channels_app.chat.posting import post_many
from tests.cast import Api, Cast, gather
from workspace.signin import throttle


@pytest.fixture(autouse=True)
def _own_data(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGE_DIR = tmp_path / "files"


@pytest.fixture(autouse=True)
def _posts_in_the_tests_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batcher's thread would not see what the test has not committed."""
    monkeypatch.setattr(batcher, "run", sync_to_async(post_many))


@pytest.fixture(autouse=True)
def _own_failures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All tests come from one address, and the sign-ins that fail in one must not slow down another."""
    monkeypatch.setattr(throttle, "_key", lambda key: f"{tmp_path}:{key}")


@pytest.fixture
def cast(db: None) -> Cast:
    return gather()


@pytest.fixture
def alice(cast: Cast) -> Api:
    return Api(cast.alice)


@pytest.fixture
def bob(cast: Cast) -> Api:
    return Api(cast.bob)


@pytest.fixture
def charlie(cast: Cast) -> Api:
    return Api(cast.charlie)
