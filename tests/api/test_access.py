"""Every endpoint, frame and method, tried by everybody: what the table of `chat.policy` says is what happens.

An endpoint of the API, a frame of the socket or a method of its `call` without an entry here fails the test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from channels_app.api.urls import api
from channels_app.chat import channels, guest_links, guests, messages, policy, sharing
from channels_app.chat.models import Channel, GuestRequest, Membership
from channels_app.live import calls, consumer
from channels_app.live.urls import sockets
from tests.cast import Api, Cast
from tests.sockets import heard, say
from workspace.events.refusal import Forbidden, NotFound, NotSignedIn
from workspace.signin import tokens

PERSONAS = ("anonymous", "charlie", "dana", "bob", "amy", "alice")
OPEN, SELF, ORG, CHANNEL, MESSAGE = "open", "self", "org", "channel", "message"
# What tells that a frame was taken, and the statuses of the codes that the socket refuses with.
ANSWERS = {"ping": "pong", "resume": "event", "typing": "pong", "call": "reply"}
STATUSES = {refusal.code: refusal.status for refusal in (NotSignedIn, Forbidden, NotFound)} | {"not_a_member": 403}


@dataclass(frozen=True)
class Entry:
    """How something is called, on what, and which action of the policy it is ("" for sign-in itself)."""

    scope: str
    action: str = ""
    body: Any = None
    query: str = ""
    # What else it may answer when it is allowed: on what is not there.
    also: tuple[int, ...] = ()


ENTRIES: dict[str, Entry] = {
    "GET /v1/setup": Entry(OPEN),
    "POST /v1/setup": Entry(OPEN, body={}),
    "GET /v1/session": Entry(OPEN),
    "POST /v1/session": Entry(OPEN, body={}),
    "DELETE /v1/session": Entry(OPEN),
    "GET /v1/join/{token}": Entry(OPEN),
    "POST /v1/join": Entry(OPEN, body={}),
    "GET /v1/me": Entry(SELF, "me.read"),
    "PATCH /v1/me": Entry(SELF, "me.change", {"settings": {"theme": "dark"}}),
    "GET /v1/me/app-passwords": Entry(SELF, "me.read"),
    "POST /v1/me/app-passwords": Entry(SELF, "me.change", {"name": "Phone"}),
    "DELETE /v1/me/app-passwords/{id}": Entry(SELF, "me.change", also=(404,)),
    "GET /v1/me/saved": Entry(SELF, "me.read"),
    "GET /v1/me/drafts": Entry(SELF, "me.read"),
    "GET /v1/me/requests": Entry(SELF, "requests.list"),
    "GET /v1/me/requests/{id}": Entry(SELF, "requests.list", also=(404,)),
    "POST /v1/me/requests/{id}/accept": Entry(SELF, "requests.answer", also=(404,)),
    "POST /v1/me/requests/{id}/decline": Entry(SELF, "requests.answer", also=(404,)),
    "POST /v1/me/requests/{id}/block": Entry(SELF, "requests.answer", also=(404,)),
    "GET /v1/me/blocked": Entry(SELF, "requests.list"),
    "DELETE /v1/me/blocked/{id}": Entry(SELF, "requests.answer", also=(404,)),
    "GET /v1/events.json": Entry(OPEN),
    "GET /v1/sync": Entry(SELF, "me.read", query="?streams=org:x@0"),
    "GET /v1/channels": Entry(SELF, "channel.list"),
    "POST /v1/channels": Entry(SELF, "channel.create", {"name": "fresh", "kind": "public"}),
    "POST /v1/files": Entry(SELF, "file.upload"),
    "GET /v1/files/{id}": Entry(MESSAGE, "channel.read"),
    "PATCH /v1/orgs/{org}": Entry(ORG, "org.change", {"guest_invites": "admins"}),
    "GET /v1/orgs/{org}/guests": Entry(ORG, "guests.all"),
    "POST /v1/orgs/{org}/guests": Entry(CHANNEL, "guests.invite", {"email": "gus@g.test", "channels": ["{channel}"]}),
    "DELETE /v1/orgs/{org}/guests/{guest}": Entry(ORG, "guests.all"),
    "GET /v1/me/guests": Entry(SELF, "guests.own"),
    "GET /v1/me/guest-requests": Entry(SELF, "me.read"),
    "POST /v1/guest-requests/{asked}/approve": Entry(CHANNEL, "guests.answer"),
    "DELETE /v1/guest-requests/{asked}": Entry(CHANNEL, "guests.answer"),
    "GET /v1/channels/{id}/guest-links": Entry(CHANNEL, "guests.list"),
    "POST /v1/channels/{id}/guest-links": Entry(CHANNEL, "guests.invite", {}),
    "DELETE /v1/guest-links/{link}": Entry(CHANNEL, "guests.answer"),
    "GET /v1/orgs/{org}/members": Entry(ORG, "people.list"),
    "POST /v1/orgs/{org}/invitations": Entry(ORG, "people.invite", {"email": "new@a.test"}),
    "PATCH /v1/orgs/{org}/members/{id}": Entry(ORG, "people.change", {"name": "Robert"}),
    "DELETE /v1/orgs/{org}/members/{id}": Entry(ORG, "people.change"),
    "GET /v1/orgs/{org}/quarantine": Entry(ORG, "quarantine.list"),
    "GET /v1/orgs/{org}/quarantine/{id}": Entry(ORG, "quarantine.list", also=(404,)),
    "GET /v1/orgs/{org}/quarantine/{id}/raw": Entry(ORG, "quarantine.list", also=(404,)),
    "POST /v1/orgs/{org}/quarantine/{id}/release": Entry(ORG, "quarantine.settle", also=(404,)),
    "DELETE /v1/orgs/{org}/quarantine/{id}": Entry(ORG, "quarantine.settle", also=(404,)),
    "GET /v1/channels/{id}": Entry(CHANNEL, "channel.read"),
    "PATCH /v1/channels/{id}": Entry(CHANNEL, "channel.change", {"name": "renamed"}),
    "DELETE /v1/channels/{id}": Entry(CHANNEL, "channel.delete"),
    "POST /v1/channels/{id}/join": Entry(CHANNEL, "channel.join"),
    "POST /v1/channels/{id}/leave": Entry(CHANNEL, "channel.leave"),
    "POST /v1/channels/{id}/archive": Entry(CHANNEL, "channel.archive"),
    "POST /v1/channels/{id}/unarchive": Entry(CHANNEL, "channel.archive"),
    "GET /v1/channels/{id}/mail": Entry(CHANNEL, "channel.mail"),
    "GET /v1/channels/{id}/members": Entry(CHANNEL, "members.list"),
    "POST /v1/channels/{id}/members": Entry(CHANNEL, "members.add", {"people": ["{bob}"]}),
    "DELETE /v1/channels/{id}/members/{member}": Entry(CHANNEL, "members.remove", also=(404,)),
    "GET /v1/channels/{id}/guests": Entry(CHANNEL, "guests.list"),
    "POST /v1/channels/{id}/guests": Entry(CHANNEL, "guests.invite", {"email": "gus@g.test"}),
    "PATCH /v1/channels/{id}/guests/{guest}": Entry(CHANNEL, "guests.change", {"delivery": "daily"}),
    "DELETE /v1/channels/{id}/guests/{guest}": Entry(CHANNEL, "guests.change"),
    "GET /v1/channels/{id}/join-codes": Entry(CHANNEL, "guests.invite"),
    "POST /v1/channels/{id}/join-codes": Entry(CHANNEL, "guests.invite", {}),
    "DELETE /v1/channels/{id}/join-codes/{code}": Entry(CHANNEL, "guests.list", also=(404,)),
    "GET /v1/channels/{id}/shares": Entry(CHANNEL, "shares.list"),
    "POST /v1/channels/{id}/shares": Entry(CHANNEL, "shares.change", {"address": "x@b.test"}, also=(409,)),
    "DELETE /v1/channels/{id}/shares/{share}": Entry(CHANNEL, "shares.change"),
    "GET /v1/orgs/{org}/shares": Entry(ORG, "shares.answer"),
    "POST /v1/orgs/{org}/shares/{share}": Entry(ORG, "shares.answer", {"name": "with-beta"}),
    "DELETE /v1/orgs/{org}/shares/{share}": Entry(ORG, "shares.answer"),
    "GET /v1/channels/{id}/messages": Entry(CHANNEL, "channel.read"),
    "POST /v1/channels/{id}/messages": Entry(CHANNEL, "message.post", {"text": "hi"}),
    "GET /v1/channels/{id}/pins": Entry(CHANNEL, "channel.read"),
    "POST /v1/channels/{id}/read": Entry(CHANNEL, "channel.mark", {"seq": 1}),
    "POST /v1/channels/{id}/unread": Entry(CHANNEL, "channel.mark", {"seq": 1}),
    "PUT /v1/channels/{id}/draft": Entry(CHANNEL, "channel.draft", {"text": "half a"}),
    "GET /v1/messages/{id}": Entry(MESSAGE, "channel.read"),
    "PATCH /v1/messages/{id}": Entry(MESSAGE, "message.edit", {"text": "better"}),
    "DELETE /v1/messages/{id}": Entry(MESSAGE, "message.delete"),
    "GET /v1/messages/{id}/thread": Entry(MESSAGE, "channel.read"),
    "GET /v1/messages/{id}/history": Entry(MESSAGE, "channel.read"),
    "PUT /v1/messages/{id}/reactions/{emoji}": Entry(MESSAGE, "message.react"),
    "DELETE /v1/messages/{id}/reactions/{emoji}": Entry(MESSAGE, "message.react"),
    "PUT /v1/messages/{id}/pin": Entry(MESSAGE, "message.pin"),
    "DELETE /v1/messages/{id}/pin": Entry(MESSAGE, "message.pin"),
    "PUT /v1/messages/{id}/save": Entry(MESSAGE, "message.save"),
    "DELETE /v1/messages/{id}/save": Entry(MESSAGE, "message.save"),
    "frame auth": Entry(OPEN),
    "frame ping": Entry(SELF, "me.read"),
    "frame resume": Entry(CHANNEL, "channel.read", {"streams": {"channel:{channel}": 0}}),
    "frame typing": Entry(CHANNEL, "channel.type", {"channel": "{channel}"}),
    "call messages.post": Entry(CHANNEL, "message.post", {"channel": "{channel}", "text": "hi"}),
    "call messages.edit": Entry(MESSAGE, "message.edit", {"message": "{message}", "text": "better"}),
    "call messages.delete": Entry(MESSAGE, "message.delete", {"message": "{message}"}),
    "call reactions.add": Entry(MESSAGE, "message.react", {"message": "{message}", "emoji": "👍"}),
    "call reactions.remove": Entry(MESSAGE, "message.react", {"message": "{message}", "emoji": "👍"}),
    "call channels.read": Entry(CHANNEL, "channel.mark", {"channel": "{channel}", "seq": 1}),
}
ENDPOINTS = [name for name in ENTRIES if name.partition(" ")[0] not in ("frame", "call")]
FRAMES = [name for name in ENTRIES if name not in ENDPOINTS]


def _documented() -> set[str]:
    """Every operation, as /api/openapi.json has it."""
    paths = api.get_openapi_schema()["paths"]
    return {
        f"{method.upper()} {path.removeprefix('/api')}" for path, operations in paths.items() for method in operations
    }


def _taken() -> set[str]:
    """Every frame that the socket takes, those of `call` by their method."""
    return {f"frame {kind}" for kind in consumer.HANDLERS if kind != "call"} | {
        f"call {name}" for name in calls.METHODS
    }


def test_every_endpoint_frame_and_method_has_an_entry() -> None:
    assert _documented() | _taken() == set(ENTRIES)


@dataclass
class Scene:
    cast: Cast
    channel: Channel
    message: str
    file: str
    guest: str
    link: str
    asked: str
    share: str
    offer: str
    apis: dict[str, Api]


@pytest.fixture
def scenes(cast: Cast) -> list[Scene]:
    """Three channels: all are in it, two are in a private one, one is in an open one."""
    lounge = channels.create(person=cast.alice, name="lounge", kind="public")
    apis = {name: Api(None if name == "anonymous" else cast.named(name)) for name in PERSONAS}
    return [_scene(cast, channel, apis) for channel in (cast.general, cast.secret, lounge)]


def _scene(cast: Cast, channel: Channel, apis: dict[str, Api]) -> Scene:
    file = apis["alice"].upload("notes.txt", b"some notes").json()["id"]
    posted = messages.post(person=cast.alice, channel=channel.id, text="Alice was here", files=[file])
    seat = guests.invite(person=cast.alice, channel=channel.id, email="sit@g.test")
    link = guest_links.make(person=cast.alice, channel=channel.id)
    guest_links.ask(link=link.id, email="ask@g.test", name="Ask")
    asked = GuestRequest.objects.get(link=link).id
    share = sharing.offer(person=cast.alice, channel=channel.id, address="roost@beta.b.test")
    peer = sharing.Peer("roost+s@beta.b.test", "Beta", "beta.b.test", "b.test", "roost", "v=DKIM1; p=x", "C" * 16)
    sharing.invited(org=cast.acme, code="A" * 16, peer=peer, offer={"name": "plans"})
    (offer,) = sharing.pending(cast.acme)
    guest = seat.membership.person_id
    return Scene(cast, channel, posted.message["id"], file, guest, link.id, asked, share.id, offer.id, apis)


@pytest.mark.parametrize("endpoint", [name for name in ENDPOINTS if ENTRIES[name].scope != OPEN])
def test_who_may_call_it(scenes: list[Scene], endpoint: str) -> None:
    assert _wrong(scenes, endpoint, _call) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("frame", [name for name in FRAMES if ENTRIES[name].scope != OPEN])
async def test_who_may_send_it(scenes: list[Scene], frame: str) -> None:
    assert await database_sync_to_async(_wrong, thread_sensitive=False)(scenes, frame, _send) == []


def _wrong(scenes: list[Scene], name: str, attempt: Callable[[Scene, str, Entry, str], int]) -> list[Any]:
    """What is not as the policy says: where, who, the status and what was expected."""
    entry = ENTRIES[name]
    wrong = []
    for scene in scenes if entry.scope in (CHANNEL, MESSAGE) else scenes[:1]:
        for persona in PERSONAS:
            expected = _expected(scene, entry, persona)
            status = attempt(scene, name, entry, persona)
            if status not in (expected or (200, 201, 204, *entry.also)):
                wrong.append((str(scene.channel), persona, status, expected or "allowed"))
    return wrong


def _call(scene: Scene, endpoint: str, entry: Entry, persona: str) -> int:
    method, _, path = endpoint.partition(" ")
    target = scene.file if path.startswith("/v1/files/") else scene.message
    ids = {MESSAGE: target, CHANNEL: scene.channel.id, ORG: scene.cast.bob.id, SELF: "none"}
    path = path.removeprefix("/v1").format(
        id=ids[entry.scope],
        org=scene.cast.acme.slug,
        member=scene.cast.dana.id,
        guest=scene.guest,
        link=scene.link,
        asked=scene.asked,
        code="none",
        share=scene.offer if entry.scope == ORG else scene.share,
        emoji="👍",
        token="x",
    )
    body = _filled(entry.body, bob=scene.cast.bob.id, channel=scene.channel.id)
    caller = scene.apis[persona]
    with transaction.atomic():
        if path == "/files":
            status = caller._client.post("/api/v1/files", {"file": SimpleUploadedFile("a.txt", b"x")}).status_code
        else:
            status = caller(method, path + entry.query, body).status_code
        transaction.set_rollback(True)
    return int(status)


def _send(scene: Scene, name: str, entry: Entry, persona: str) -> int:
    message = messages.post(person=scene.cast.alice, channel=scene.channel.id, text="Alice was here").message["id"]
    body = _filled(entry.body or {}, channel=scene.channel.id, message=message)
    kind, _, name = name.partition(" ")
    frame = {"type": name, **body} if kind == "frame" else {"type": "call", "id": "1", "method": name, "params": body}
    headers = []
    if persona != "anonymous":
        token = tokens.create(person=scene.cast.named(persona), name="test")
        headers = [(b"authorization", f"Bearer {token}".encode())]
    return async_to_sync(_answered)(headers, scene.channel.stream, frame)


async def _answered(headers: list[tuple[bytes, bytes]], stream: str, frame: dict[str, Any]) -> int:
    """The status of what a socket says to a frame, by the code of an error."""
    socket = ApplicationCommunicator(sockets, {"type": "websocket", "path": "/ws", "headers": headers})
    await socket.send_input({"type": "websocket.connect"})
    if headers:
        await heard(socket, "hello")
    if frame["type"] == "typing" and headers:  # only who follows a channel can type in it
        await say(socket, {"type": "resume", "streams": {stream: 0}})
        await heard(socket, "event", "error")
    await say(socket, frame)
    if frame["type"] == "typing":  # which is not answered
        await say(socket, {"type": "ping"})
    answer = await heard(socket, ANSWERS[frame["type"]], "error")
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait()
    error = answer if answer["type"] == "error" else answer.get("error")
    return STATUSES[error["code"]] if error else 200


def _filled(body: Any, **ids: str) -> Any:
    text = orjson.dumps(body).decode()
    for name, id in ids.items():
        text = text.replace(f"{{{name}}}", id)
    return orjson.loads(text)


def _expected(scene: Scene, entry: Entry, persona: str) -> tuple[int, ...]:
    """The statuses that a refusal may have; empty when the policy allows it."""
    if persona == "anonymous":
        return (401,)
    person = scene.cast.named(persona)
    if persona == "charlie" and entry.scope != SELF:
        return (404,)
    if entry.scope in (SELF, ORG):
        return () if policy.allows(entry.action, policy.Standing(person.role)) else (403,)
    role = Membership.objects.filter(channel=scene.channel, person=person).values_list("role", flat=True).first()
    standing = policy.Standing(person.role, scene.channel.kind, role, own=persona == "alice")
    if entry.action == "members.remove" and persona == "dana":  # taking oneself out is leaving
        entry = Entry(entry.scope, "channel.leave")
    if not standing.sees:
        return (404,)
    return () if policy.allows(entry.action, standing) else (403,)
