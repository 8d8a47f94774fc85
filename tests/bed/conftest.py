"""The bed is made once; each test finds it without anybody's troubles, and has accounts of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.bed.bed import Bed, running_bed
from tests.cast import Cast, gather


@pytest.fixture(scope="session")
def whole_bed() -> Iterator[Bed]:
    with running_bed() as bed:
        yield bed


@pytest.fixture
def bed(whole_bed: Bed) -> Iterator[Bed]:
    yield whole_bed
    whole_bed.clear()


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The gateway looks at what is committed."""
    return gather()


@pytest.fixture
def roost(bed: Bed, cast: Cast, settings: Settings) -> Iterator[None]:
    """The gateway runs."""
    with bed.gateway(settings):
        yield
