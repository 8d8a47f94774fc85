"""The process that signs: as many at once as there are, and nothing is lost with it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pytest_django import Settings

from channels_app.guests.sending import signing
from channels_app.guests.sending.signing import Signer
from channels_app.mail import ComposedLetter, compose_letter
from tests.mail.mails import dana, letter
from tests.mail.signatures import verifies
from workspace.events.lanes import TryLater


@pytest.fixture
async def signer() -> AsyncIterator[Signer]:
    signer = Signer()
    yield signer
    await signer.close()


def _letter(text: str = "Hello") -> ComposedLetter:
    return compose_letter(letter(text=text))


async def test_many_at_once_each_get_their_own(signer: Signer) -> None:
    letters = [_letter(f"Hello {number}") for number in range(200)]
    mails = await asyncio.gather(*(signer.letter(one, dana()) for one in letters))
    assert all(mail.endswith(one.body) for mail, one in zip(mails, letters, strict=True))
    assert all(verifies(mail, signing.key()) for mail in mails[::20])


async def test_a_process_that_dies_is_started_again(signer: Signer) -> None:
    await signer.letter(_letter(), dana())
    assert signer._child is not None
    os.kill(signer._child.pid, signal.SIGSTOP)
    waiting = asyncio.gather(*(signer.letter(_letter(), dana()) for _ in range(3)), return_exceptions=True)
    await asyncio.sleep(0)
    os.kill(signer._child.pid, signal.SIGKILL)
    assert [type(one) for one in await waiting] == [TryLater] * 3
    assert verifies(await signer.letter(_letter(), dana()), signing.key())


async def test_one_that_hangs_is_ended(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    await signer.letter(_letter(), dana())
    monkeypatch.setattr(signing, "ANSWER_SECONDS", 0.1)
    assert signer._child is not None
    os.kill(signer._child.pid, signal.SIGSTOP)
    with pytest.raises(TryLater, match="does not answer"):
        await signer.letter(_letter(), dana())
    monkeypatch.setattr(signing, "ANSWER_SECONDS", 30)
    assert verifies(await signer.letter(_letter(), dana()), signing.key())


async def test_it_ends_with_its_input(signer: Signer) -> None:
    await signer.letter(_letter(), dana())
    child = signer._child
    await signer.close()
    assert child is not None and child.returncode == 0


async def test_without_a_key_nothing_is_signed(signer: Signer, settings: Settings, tmp_path: Path) -> None:
    settings.DKIM_KEY = tmp_path / "none.pem"
    with pytest.raises(TryLater, match=r"none\.pem"):
        await signer.letter(_letter(), dana())


async def test_where_the_relay_signs_we_do_not(signer: Signer, settings: Settings) -> None:
    settings.DKIM_SIGN = False
    assert await signer.letter(_letter(), dana()) == _letter().to(dana())
