"""The ways to write: HTTP, and the socket with HTTP where it gives no answer. Both retry until the end is clear."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import httpx
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.system.faults.ledger import Ledger

ANSWER_SECONDS = 30.0
CALL_SECONDS = 6.0  # as in the web client
PATIENCE = 60.0
PAUSE = 0.2
UNCLEAR = ("internal", "unavailable")  # 5xx by HTTP

Answer = dict[str, Any]


class Refused(Exception):
    """A clear answer, but no; or none at all."""


class Door(Protocol):
    """Each verb answers with the message, as soon as the server acknowledged it."""

    def post(self, channel: str, text: str, client_id: str, thread: str | None) -> Answer: ...

    def edit(self, message: str, text: str) -> Answer: ...

    def react(self, message: str, emoji: str) -> Answer: ...

    def close(self) -> None: ...


class HttpDoor:
    """The JSON API."""

    def __init__(self, url: str, token: str, ledger: Ledger) -> None:
        self._client = httpx.Client(
            base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=ANSWER_SECONDS
        )
        self._ledger = ledger

    def post(self, channel: str, text: str, client_id: str, thread: str | None) -> Answer:
        body = {"text": text, "thread": thread, "client_id": client_id}
        return self._ask("POST", f"/channels/{channel}/messages", body)

    def edit(self, message: str, text: str) -> Answer:
        return self._ask("PATCH", f"/messages/{message}", {"text": text})

    def react(self, message: str, emoji: str) -> Answer:
        return self._ask("PUT", f"/messages/{message}/reactions/{emoji}")

    def make_channel(self, org: str, name: str, members: Sequence[str]) -> str:
        """A public channel with these people; its id."""
        body = {"org": org, "name": name, "kind": "public", "members": list(members)}
        return str(self._ask("POST", "/channels", body)["id"])

    def invite(self, channel: str, email: str, name: str) -> None:
        """Bring a guest in."""
        self._ask("POST", f"/channels/{channel}/guests", {"email": email, "name": name})

    def guests(self, channel: str) -> list[Answer]:
        """Who is a guest there, and how it stands with them."""
        return list(self._ask("GET", f"/channels/{channel}/guests")["items"])

    def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                response = self._client.request(method, path, json=body)
            except httpx.TransportError as error:
                why = repr(error)
            else:
                if response.is_success:
                    return dict(response.json())
                why = f"{response.status_code} {response.text[:200]}"
                if response.status_code < 500:
                    raise Refused(f"{method} {path}: {why}")
            self._ledger.note_unclear()
            if time.monotonic() > end:
                raise Refused(f"{method} {path}: no clear answer within {PATIENCE:.0f} s, last {why}")
            time.sleep(PAUSE)

    def close(self) -> None:
        self._client.close()


class SocketDoor:
    """Calls over one socket, opened anew when it was closed; what has no clear answer goes by HTTP."""

    def __init__(self, url: str, token: str, ledger: Ledger) -> None:
        self._url, self._token, self._ledger = url, token, ledger
        self._http = HttpDoor(url, token, ledger)
        self._live: ClientConnection | None = None
        self._open = contextlib.ExitStack()
        self._ids = itertools.count(1)

    def post(self, channel: str, text: str, client_id: str, thread: str | None) -> Answer:
        params = {"channel": channel, "text": text, "client_id": client_id, "thread": thread}
        return self._call("messages.post", params) or self._http.post(channel, text, client_id, thread)

    def edit(self, message: str, text: str) -> Answer:
        params = {"message": message, "text": text}
        return self._call("messages.edit", params) or self._http.edit(message, text)

    def react(self, message: str, emoji: str) -> Answer:
        params = {"message": message, "emoji": emoji}
        return self._call("reactions.add", params) or self._http.react(message, emoji)

    def _call(self, method: str, params: Any) -> Answer | None:
        """The answer; None when the end is unclear."""
        id = str(next(self._ids))
        try:
            if self._live is None:
                self._live = self._open.enter_context(open_socket(self._url, self._token))
            self._live.send(json.dumps({"type": "call", "id": id, "method": method, "params": params}))
            answer = _reply(self._live, id)
        except (WebSocketException, OSError, EOFError):
            self._close_socket()
            self._ledger.note_unclear()
            return None
        if "result" in answer:
            return dict(answer["result"])
        if answer["error"]["code"] not in UNCLEAR:
            raise Refused(f"{method}: {answer['error']}")
        self._ledger.note_unclear()
        return None

    def _close_socket(self) -> None:
        self._live = None
        with contextlib.suppress(WebSocketException, OSError):
            self._open.close()

    def close(self) -> None:
        self._close_socket()
        self._http.close()


@contextlib.contextmanager
def open_socket(url: str, token: str) -> Iterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {token}"}
    where = f"{url.replace('http', 'ws', 1)}/ws"
    with connect(where, additional_headers=headers, close_timeout=1, max_queue=None) as live:
        yield live


def _reply(live: ClientConnection, id: str) -> Answer:
    """Raises `TimeoutError` when there is none in time."""
    end = time.monotonic() + CALL_SECONDS
    while True:
        frame = json.loads(live.recv(max(0.0, end - time.monotonic())))
        if frame["type"] == "reply" and frame["id"] == id:
            return dict(frame)
