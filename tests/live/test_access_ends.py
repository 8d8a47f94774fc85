"""Whoever may no longer see a thing is given no more of it, on sockets that were open before."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async

from channels_app.chat import channels, messages
from channels_app.live.hub import Hub
from tests.cast import Cast, gather
from tests.live.test_hub import Browser, _until
from workspace.people import persons

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def cast() -> Cast:
    return await sync_to_async(gather)()


async def test_a_channel_that_closes_is_closed_for_who_only_looked_in(cast: Cast) -> None:
    hub = Hub()
    lounge = await sync_to_async(channels.create)(person=cast.alice, name="lounge", kind="public")
    outside, inside = Browser(hub, cast.bob), Browser(hub, cast.alice)
    for browser in (outside, inside):
        await hub.follow(browser.socket, {lounge.stream: 99})
    await sync_to_async(channels.change)(person=cast.alice, channel=lounge.id, kind="private")
    await hub.sweep()
    await _until(lambda: lounge.stream not in outside.socket.streams)
    await sync_to_async(messages.post)(person=cast.alice, channel=lounge.id, text="among us")
    await hub.sweep()
    await _until(lambda: any("among us" in str(f) for f in inside.frames))
    assert not any("among us" in str(f) for f in outside.frames)


async def test_a_new_role_begins_with_a_new_socket(cast: Cast) -> None:
    hub = Hub()
    browser = Browser(hub, cast.amy)
    await hub.follow(browser.socket, {cast.amy.stream: 99})
    await sync_to_async(persons.change)(person=cast.amy, by=cast.alice, role="guest")
    await hub.sweep()
    await _until(lambda: browser.closed_with == 1012)


async def test_who_is_out_is_out(cast: Cast) -> None:
    hub = Hub()
    browser = Browser(hub, cast.amy)
    await hub.follow(browser.socket, {cast.amy.stream: 99})
    await sync_to_async(persons.change)(person=cast.amy, by=cast.alice, active=False)
    await hub.sweep()
    await _until(lambda: browser.closed_with == 4403)


async def test_what_ended_access_counts_also_when_it_is_replayed(cast: Cast) -> None:
    """Between the welcome and the first resume a socket is not live yet; what happens then must not be missed."""
    hub = Hub()
    browser = Browser(hub, cast.bob)
    await sync_to_async(persons.change)(person=cast.bob, by=cast.alice, active=False)
    await hub.follow(browser.socket, {cast.bob.stream: 0})
    await _until(lambda: browser.closed_with == 4403)


async def test_a_replay_that_fails_closes_the_socket(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that was promised a stream and can't have it must come back, not fall silent."""

    async def broken(*_: object, **__: object) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr("channels_app.live.hub._read_spans", broken)
    hub = Hub()
    browser = Browser(hub, cast.bob)
    await hub.follow(browser.socket, {cast.general.stream: 0})
    await _until(lambda: browser.closed_with == 4408)
