"""Dana is a guest of #general, invited by Bob; what she and others write comes in as mail."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from channels_app.chat import guests
from channels_app.guests.receiving import addressed
from channels_app.guests.receiving.pace import pace
from tests.cast import Cast
from tests.guests.post import Post


@pytest.fixture
def post(cast: Cast) -> Post:
    """The postman. Dana has her seat."""
    guests.invite(person=cast.bob, channel=cast.general.id, email="dana@d.test")
    return Post(cast)


@pytest.fixture(autouse=True)
def _a_new_minute() -> None:
    pace.forget()
    addressed.forget()


@pytest.fixture(autouse=True)
def _nobody_vouches(settings: Settings) -> None:
    settings.TRUSTED_AUTHSERV = []
