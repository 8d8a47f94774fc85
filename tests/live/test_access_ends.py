"""Whoever may no longer see a thing is given no more of it, on sockets that were open before."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.test import Client

from channels_app.chat import channels, messages
from channels_app.live.hub import Hub
from channels_app.live.urls import sockets
from tests.cast import Cast, gather
from tests.live.test_hub import Browser, _until
from tests.sockets import heard
from workspace.events import log
from workspace.people import persons
from workspace.signin import links, passwords, setup
from workspace.signin.models import Link

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


async def test_a_sign_in_that_ends_closes_the_sockets_of_before(cast: Cast) -> None:
    """They come back with what still holds, and what they then replay does not close them again."""
    hub = Hub()
    before, other = Browser(hub, cast.bob), Browser(hub, cast.alice)
    await hub.follow(before.socket, {cast.bob.stream: 0})
    await sync_to_async(_new_password)(cast)
    await hub.sweep()
    await _until(lambda: before.closed_with == 1012)
    back, late = Browser(hub, cast.bob), Browser(hub, cast.bob)
    head = (await sync_to_async(log.heads)([cast.bob.stream]))[cast.bob.stream]
    back.socket.since = head
    await hub.follow(back.socket, {cast.bob.stream: 0})
    await hub.follow(late.socket, {cast.bob.stream: 0})
    await _until(lambda: late.closed_with == 1012)  # it was let in before, and had not replayed yet
    assert back.closed_with is None and other.closed_with is None


def _new_password(cast: Cast) -> None:
    for secret in ("the first secret", "the second secret"):
        passwords.set_password(person=cast.bob, password=secret)


@pytest.mark.parametrize("ending", ["signed out in another tab", "a new password by a link"])
async def test_a_session_ends_for_its_sockets_too(cast: Cast, ending: str) -> None:
    browser = await sync_to_async(_signed_in)(cast)
    headers = _handshake(browser)
    socket = await _open(headers)
    await heard(socket, "hello")
    if ending == "a new password by a link":
        secret = await sync_to_async(links.create)(Link.Kind.JOIN, cast.bob)
        await sync_to_async(setup.join)(secret=secret, name="", password="a wholly new secret")
    else:
        assert (await sync_to_async(browser.delete)("/api/v1/session")).status_code == 204
    await _until_closed(socket, 1012)
    await _until_closed(await _open(headers), 4401)


def _signed_in(cast: Cast) -> Client:
    passwords.set_password(person=cast.bob, password="the first secret")
    browser = Client()
    body = {"email": "bob@a.test", "password": "the first secret", "org": cast.acme.slug}
    assert browser.post("/api/v1/session", body, content_type="application/json").status_code == 200
    return browser


def _handshake(browser: Client) -> list[tuple[bytes, bytes]]:
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    return [(b"cookie", cookie.encode()), (b"origin", b"http://testserver"), (b"host", b"testserver")]


async def _open(headers: list[tuple[bytes, bytes]]) -> ApplicationCommunicator:
    socket = ApplicationCommunicator(sockets, {"type": "websocket", "path": "/ws", "headers": headers})
    await socket.send_input({"type": "websocket.connect"})
    return socket


async def _until_closed(socket: ApplicationCommunicator, code: int) -> None:
    while (message := await socket.receive_output(timeout=10))["type"] != "websocket.close":
        pass
    assert message["code"] == code
