"""All that the API shows to everybody, as one value that can be compared."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import async_to_sync

from tests.cast import Api
from workspace.people.models import Person

Views = dict[str, Any]


def digest() -> Views:
    """{person and view: answer} for everybody in every organization."""
    views: Views = {}
    for person in Person.objects.active().select_related("org").order_by("id"):
        for name, answer in _views(Api(person), person):
            views[f"{person.email} {name}"] = answer
    return views


def _views(api: Api, person: Person) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []

    def get(path: str) -> Any:
        answer = api.get(path)
        body = answer.json()
        found.append((path, body))
        return body

    me = get("/me")
    me.pop("csrf", None)
    get(f"/orgs/{person.org_id}/members?limit=200")
    channels = get("/channels?filter=all&limit=200")
    get("/channels?filter=mine&limit=200")
    get("/me/drafts")
    get("/me/saved")
    get("/me/guest-requests")
    streams = [f"channel:{one['id']}@0" for one in channels["items"]]
    if person.role != "guest":
        streams.append(f"org:{person.org_id}@0")
    for stream in streams:
        get(f"/sync?streams={stream}")
    for channel in channels["items"]:
        id = channel["id"]
        for path in ("", "/members?limit=200", "/guests?limit=200", "/guest-links", "/pins"):
            get(f"/channels/{id}{path}")
        for message in get(f"/channels/{id}/messages?limit=200").get("items", []):
            _message(get, api, found, message)
    return found


def _message(get: Any, api: Api, found: list[tuple[str, Any]], message: dict[str, Any]) -> None:
    get(f"/messages/{message['id']}")
    get(f"/messages/{message['id']}/history")
    for answer in get(f"/messages/{message['id']}/thread?limit=200").get("items", []):
        get(f"/messages/{answer['id']}/history")
        _files(api, found, answer)
    _files(api, found, message)


def _files(api: Api, found: list[tuple[str, Any]], message: dict[str, Any]) -> None:
    for file in message["files"]:
        answer = api.get(f"/files/{file['id']}")
        content = async_to_sync(_read)(answer.streaming_content) if answer.streaming else answer.content
        found.append((f"file {file['id']}", hashlib.sha256(content).hexdigest()))


async def _read(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def differences(before: Views, after: Views) -> list[str]:
    """Where two digests differ, readable."""
    lines = []
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            lines.append(f"{key}:\n  before {before.get(key)}\n  after  {after.get(key)}")
    return lines
