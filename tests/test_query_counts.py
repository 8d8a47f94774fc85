"""The hot paths ask the database as often for much as for little: a statement for each of many things fails here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import psycopg
import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator

from channels_app.chat import channels, guest_links, guests, members, messages, pins, posting, reactions
from channels_app.chat.models import Channel
from channels_app.chat.posting import Posted, Posting
from channels_app.guests import requests
from channels_app.guests.receiving.arrived import Arrived
from channels_app.letters import quarantine
from channels_app.live import calls, process
from channels_app.live.urls import sockets
from channels_app.mail import Parsed
from tests.cast import Api, Cast, gather
from workspace.people import persons
from workspace.people.models import Person
from workspace.signin import tokens

Act = Callable[[], Any]


@contextlib.contextmanager
def _statements() -> Iterator[list[str]]:
    """Every statement that goes to PostgreSQL meanwhile, from any thread, past Django's cursor too."""
    said: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(self: Any, query: Any, *args: Any, **more: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        if text and "set_config" not in text:  # with these the pool sees to a connection
            said.append(text)
        return execute(self, query, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", noted)
        yield said


def _assert_as_many(few: list[str], many: list[str]) -> None:
    assert few and len(few) == len(many), "\n".join(["for little:", *few, "for much:", *many])


# What there is much of


def _crowd(cast: Cast, channel: Channel, n: int) -> list[Person]:
    """n more people of a channel, called p0, p1, …"""
    people = [persons.add(org=cast.acme, email=f"p{i}@a.test", name=f"p{i}", by=cast.alice) for i in range(n)]
    members.add(person=cast.alice, channel=channel.id, people=[person.id for person in people])
    return people


def _calling(n: int) -> str:
    return " ".join(f"@p{i}" for i in range(n))


def _rooms(cast: Cast, n: int, *, inside: bool = True) -> list[Channel]:
    """n channels with something new for Bob, who is in them or may look into them."""
    people, name = ([cast.bob.id], "inside") if inside else ([], "outside")
    made = [channels.create(person=cast.alice, name=f"{name}-{i}", kind="public", members=people) for i in range(n)]
    for room in made:
        messages.post(person=cast.alice, channel=room.id, text="@bob, look")
    return made


def _files(person: Person, n: int) -> list[str]:
    api = Api(person)
    return [api.upload(f"{i}.txt", b"some notes").json()["id"] for i in range(n)]


def _talk(cast: Cast, n: int, *, thread: str | None = None) -> list[str]:
    """n messages, each with a file, a mention, reactions, an answer, pinned and saved."""
    return [_message(cast, file, thread) for file in _files(cast.alice, n)]


def _message(cast: Cast, file: str, thread: str | None) -> str:
    posted = messages.post(person=cast.alice, channel=cast.general.id, text="@bob, look", files=[file], thread=thread)
    id = posted.message["id"]
    for person in (cast.alice, cast.amy, cast.bob):
        reactions.add(person=person, message=id, emoji="👍")
    messages.post(person=cast.bob, channel=cast.general.id, text="I see", thread=id)
    pins.pin(person=cast.alice, message=id)
    pins.save(person=cast.bob, message=id)
    return id


# What is done with it


def _post_by_call(cast: Cast, n: int) -> Act:
    _crowd(cast, cast.general, n)
    params = {"channel": cast.general.id, "text": _calling(n), "files": _files(cast.bob, min(n, posting.MOST_FILES))}

    def act() -> None:
        posted = async_to_sync(calls.answer)(cast.bob, "messages.post", params)["result"]
        assert len(posted["mentions"]) == n and posted["files"]

    return act


def _post_by_http(cast: Cast, n: int) -> Act:
    _crowd(cast, cast.general, n)
    body = {"text": _calling(n), "files": _files(cast.bob, min(n, posting.MOST_FILES))}
    return _asking(cast.bob, "POST", f"/channels/{cast.general.id}/messages", body)


def _post_what_waited(cast: Cast, n: int) -> Act:
    rooms, files = _rooms(cast, n), _files(cast.alice, n)
    waited = [Posting(cast.alice.id, room.id, "@bob", files=[file]) for room, file in zip(rooms, files, strict=True)]

    def act() -> None:
        assert all(isinstance(outcome, Posted) and outcome.fresh for outcome in posting.post_many(waited))

    return act


def _sync(cast: Cast, n: int) -> Act:
    rooms = [*_rooms(cast, n), *_rooms(cast, n, inside=False)]
    asking = _asking(cast.bob, "GET", "/sync?streams=" + ",".join(f"{room.stream}@1" for room in rooms))

    def act() -> None:
        streams = asking()["streams"]
        assert len(streams) == 2 * n and all(told["events"] for told in streams.values())

    return act


def _timeline(cast: Cast, n: int) -> Act:
    _talk(cast, n)
    return _listing(cast.bob, f"/channels/{cast.general.id}/messages?limit=200", n)


def _thread(cast: Cast, n: int) -> Act:
    (root,) = _talk(cast, 1)
    _talk(cast, n, thread=root)
    return _listing(cast.bob, f"/messages/{root}/thread?limit=200", n)


def _pins(cast: Cast, n: int) -> Act:
    _talk(cast, n)
    return _listing(cast.bob, f"/channels/{cast.general.id}/pins", n)


def _saved(cast: Cast, n: int) -> Act:
    _talk(cast, n)
    return _listing(cast.bob, "/me/saved", n)


def _sidebar(cast: Cast, n: int) -> Act:
    _rooms(cast, n)
    asking = [_listing(cast.bob, "/channels?limit=200", min(n, 200)), _asking(cast.bob, "GET", "/me")]
    return lambda: [act() for act in asking]


def _browse(cast: Cast, n: int) -> Act:
    _rooms(cast, n, inside=False)
    return _listing(cast.bob, "/channels?filter=all&limit=200", n)


def _members(cast: Cast, n: int) -> Act:
    _crowd(cast, cast.general, n)
    return _listing(cast.bob, f"/channels/{cast.general.id}/members?limit=200", n)


def _people(cast: Cast, n: int) -> Act:
    _crowd(cast, cast.general, n)
    return _listing(cast.bob, f"/orgs/{cast.acme.id}/members?limit=200", n)


def _mark_read(cast: Cast, n: int) -> Act:
    _talk(cast, n)
    return _asking(cast.bob, "POST", f"/channels/{cast.general.id}/read", {"seq": 10**6})


def _react(cast: Cast, n: int) -> Act:
    (message,) = _talk(cast, 1)
    for person in _crowd(cast, cast.general, n):
        reactions.add(person=person, message=message, emoji="👍")
    return _asking(cast.bob, "PUT", f"/messages/{message}/reactions/🎉")


def _edit(cast: Cast, n: int) -> Act:
    (message,) = _talk(cast, 1)
    _crowd(cast, cast.general, n)
    return _asking(cast.alice, "PATCH", f"/messages/{message}", {"text": _calling(n)})


def _delete(cast: Cast, n: int) -> Act:
    (message,) = _talk(cast, 1)
    for i, person in enumerate(_crowd(cast, cast.general, n)):
        messages.edit(person=cast.alice, message=message, text=f"version {i}")
        reactions.add(person=person, message=message, emoji="👍")
        pins.save(person=person, message=message)
    return _asking(cast.alice, "DELETE", f"/messages/{message}")


def _create_channel(cast: Cast, n: int) -> Act:
    body = {"name": "fresh", "kind": "private", "members": [person.id for person in _crowd(cast, cast.general, n)]}
    return _asking(cast.bob, "POST", "/channels", body)


def _add_members(cast: Cast, n: int) -> Act:
    body = {"people": [person.id for person in _crowd(cast, cast.general, n)]}
    return _asking(cast.bob, "POST", f"/channels/{cast.secret.id}/members", body)


def _delete_channel(cast: Cast, n: int) -> Act:
    _crowd(cast, cast.general, n)
    return _asking(cast.alice, "DELETE", f"/channels/{cast.general.id}")


def _deactivate(cast: Cast, n: int) -> Act:
    _rooms(cast, n)
    return _asking(cast.alice, "DELETE", f"/orgs/{cast.acme.id}/members/{cast.bob.id}")


def _strangers(cast: Cast, n: int) -> Act:
    for i in range(n):
        mail = f"From: e{i}@e.test\r\nSubject: A question\r\n\r\nMay I?\r\n".encode()
        requests.receive(person=cast.bob, mail=Arrived(mail, f"e{i}@e.test"))
    return _listing(cast.bob, "/me/requests", n)


def _held(cast: Cast, n: int) -> Act:
    for room in [*_rooms(cast, n), *_rooms(cast, n, inside=False)]:
        quarantine.keep(
            [room.id.encode()],
            Parsed(),
            org=cast.acme.id,
            stream=room.stream,
            origin="mail",
            place="",
            user="",
            why="?",
        )
    return _listing(cast.alice, f"/orgs/{cast.acme.id}/quarantine?limit=200", 2 * n)


def _asking(person: Person, method: str, path: str, body: Any = None) -> Act:
    api = Api(person)

    def act() -> Any:
        answer = api(method, path, body)
        assert answer.status_code in (200, 201, 204), answer.content
        return answer.json() if answer.content else None

    return act


def _listing(person: Person, path: str, n: int) -> Act:
    asking = _asking(person, "GET", path)

    def act() -> None:
        assert len(asking()["items"]) >= n

    return act


def _seats(cast: Cast, n: int) -> None:
    """n guests, each in two channels."""
    for i in range(n):
        guests.invite_to(person=cast.bob, channels=[cast.general.id, cast.secret.id], email=f"g{i}@g.test")


def _guests(cast: Cast, n: int) -> Act:
    _seats(cast, n)
    api = Api(cast.bob)
    return lambda: api.get(f"/channels/{cast.general.id}/guests")


def _all_guests(cast: Cast, n: int) -> Act:
    _seats(cast, n)
    api = Api(cast.alice)
    return lambda: api.get(f"/orgs/{cast.acme.slug}/guests?state=waiting&q=g")


def _requests(cast: Cast, n: int) -> Act:
    link = guest_links.make(person=cast.bob, channel=cast.general.id)
    for i in range(n):
        guest_links.ask(link=link.id, email=f"g{i}@g.test", name="Gus")
    api = Api(cast.bob)
    return lambda: api.get("/me/guest-requests")


HOT_PATHS: dict[str, tuple[Callable[[Cast, int], Act], int]] = {
    "post by call": (_post_by_call, 30),
    "post by HTTP": (_post_by_http, 30),
    "post what waited together": (_post_what_waited, 30),
    "sync": (_sync, 25),
    "timeline": (_timeline, 20),
    "thread": (_thread, 20),
    "pins": (_pins, 20),
    "saved": (_saved, 20),
    "sidebar": (_sidebar, 200),
    "browse channels": (_browse, 50),
    "members of a channel": (_members, 50),
    "people of an organization": (_people, 50),
    "guests of a channel": (_guests, 20),
    "guests of an organization": (_all_guests, 20),
    "who asks to be a guest": (_requests, 20),
    "mark read": (_mark_read, 20),
    "react": (_react, 20),
    "edit": (_edit, 20),
    "delete": (_delete, 20),
    "create a channel": (_create_channel, 20),
    "add members": (_add_members, 20),
    "delete a channel": (_delete_channel, 20),
    "deactivate somebody": (_deactivate, 20),
    "requests of strangers": (_strangers, 20),
    "held mail": (_held, 20),
}


@pytest.mark.parametrize("path", HOT_PATHS)
def test_much_takes_as_many_statements_as_little(db: None, path: str) -> None:
    prepare, much = HOT_PATHS[path]
    _assert_as_many(_counted(prepare(gather(), 1)), _counted(prepare(gather(), much)))


def _counted(act: Act) -> list[str]:
    with _statements() as said:
        act()
    return said


@pytest.mark.django_db(transaction=True)
async def test_coming_back_to_many_streams_takes_as_many_statements_as_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "SWEEP_SECONDS", 60.0)  # it asks too, in its own time
    _assert_as_many(await _coming_back(1), await _coming_back(25))


async def _coming_back(n: int) -> list[str]:
    """A socket from its welcome until it has been given what it missed, of channels it is in and others."""
    cast = await sync_to_async(gather)()
    inside, outside = await sync_to_async(_rooms)(cast, n), await sync_to_async(_rooms)(cast, n, inside=False)
    cursors = {room.stream: 1 for room in (*inside, *outside)}
    token = await sync_to_async(tokens.create)(person=cast.bob, name="test")
    headers = [(b"authorization", f"Bearer {token}".encode())]
    socket = ApplicationCommunicator(sockets, {"type": "websocket", "path": "/ws", "headers": headers})
    with _statements() as said:
        await socket.send_input({"type": "websocket.connect"})
        await _until(socket, lambda frame: frame["type"] == "hello")
        resume = orjson.dumps({"type": "resume", "streams": cursors}).decode()
        await socket.send_input({"type": "websocket.receive", "text": resume})
        for _ in cursors:
            await _until(socket, lambda frame: frame.get("kind") == "message.posted")
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait()
    return said


async def _until(socket: ApplicationCommunicator, check: Callable[[dict[str, Any]], bool]) -> None:
    while True:
        message = await socket.receive_output(timeout=10)
        if "text" in message and check(orjson.loads(message["text"])):
            return
