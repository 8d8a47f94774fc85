"""Bad input at the real server: what no test client can send, and what must not fill its memory."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from channels_app.files.models import StoredFile
from tests.api.web import Web, web_process
from tests.cast import Cast, gather
from workspace.signin import tokens

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MEGABYTE = 1024 * 1024


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return gather()


@pytest.fixture
def token(cast: Cast) -> str:
    return tokens.create(person=cast.bob, name="test")


@pytest.fixture
def web(cast: Cast, tmp_path: Path) -> Iterator[Web]:
    with web_process(tmp_path) as running:
        yield running
        assert httpx.get(f"http://127.0.0.1:{running.port}/api/v1/setup").json() == {"needed": False}
        assert "Traceback" not in running.said()


def _head(web: Web, token: str, path: str, *headers: str, method: str = "POST") -> bytes:
    lines = [f"{method} /api/v1{path} HTTP/1.1", "Host: a.test", f"Authorization: Bearer {token}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def _form(content: bytes) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    return head + content + b"\r\n--b--\r\n"


def _answer(client: socket.socket) -> tuple[int, dict[str, Any]]:
    """The status and the JSON of an answer, as soon as they are there."""
    said = b""
    while b"\r\n\r\n" not in said or said.endswith(b"\r\n\r\n"):
        piece = client.recv(65536)
        assert piece, said
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


FORM = "Content-Type: multipart/form-data; boundary=b"
CHUNKED = "Transfer-Encoding: chunked"


def test_an_upload_that_announces_too_much_is_refused_before_it_comes(web: Web, token: str) -> None:
    with web.connect() as client:
        client.sendall(_head(web, token, "/files", FORM, f"Content-Length: {100 * MEGABYTE}"))
        status, body = _answer(client)  # not a byte of it was sent
    assert (status, body["error"]["code"]) == (413, "too_large")
    assert "50 MB" in body["error"]["message"]


def test_an_upload_without_a_length_is_refused_when_it_becomes_too_much(web: Web, token: str, tmp_path: Path) -> None:
    piece = b"%x\r\n%s\r\n" % (MEGABYTE, b"x" * MEGABYTE)
    with web.connect() as client:
        client.sendall(_head(web, token, "/files", FORM, CHUNKED))
        client.sendall(b"%x\r\n%s\r\n" % (len(_form(b"")) // 2, _form(b"")[: len(_form(b"")) // 2]))
        for _ in range(52):
            client.sendall(piece)
        status, body = _answer(client)
        assert (status, body["error"]["code"]) == (413, "too_large")
        with pytest.raises(OSError):  # it lingers a little, so that the answer is read, and then is gone
            for _ in range(100_000):
                client.sendall(piece)
    assert not StoredFile.objects.exists() and not list((tmp_path / "files").rglob("*"))


@pytest.mark.parametrize("chunked", [True, False])
def test_an_upload_up_to_the_limit_is_streamed_and_kept(web: Web, token: str, chunked: bool) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{web.port}/api/v1", timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        client.get("/me")
        before = web.most_memory()
        body = _form(b"x" * 49 * MEGABYTE)
        pieces = (body[at : at + MEGABYTE] for at in range(0, len(body), MEGABYTE))
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = client.post("/files", content=pieces if chunked else body, headers=headers)
        assert answer.status_code == 201, answer.text
        assert answer.json()["size"] == 49 * MEGABYTE
        assert web.most_memory() - before < 20 * MEGABYTE
        assert len(client.get(answer.json()["url"].removeprefix("/api/v1")).content) == 49 * MEGABYTE
        assert web.most_memory() - before < 20 * MEGABYTE


def test_the_limit_of_uploads_can_be_set(cast: Cast, token: str, tmp_path: Path) -> None:
    with web_process(tmp_path, UPLOAD_LIMIT=str(2 * MEGABYTE)) as web:
        answer = _post_file(web, token, b"x" * (2 * MEGABYTE + 1))
        assert (answer.status_code, answer.json()["error"]["message"]) == (413, "Files can have at most 2 MB.")
        assert _post_file(web, token, b"x" * (2 * MEGABYTE)).status_code == 201


def _post_file(web: Web, token: str, content: bytes) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"http://127.0.0.1:{web.port}/api/v1/files", files={"file": content}, headers=headers)


@pytest.mark.parametrize("chunked", [True, False])
def test_json_without_end_is_refused_while_it_comes(web: Web, token: str, cast: Cast, chunked: bool) -> None:
    path, kind = f"/channels/{cast.general.id}/messages", "Content-Type: application/json"
    size = CHUNKED if chunked else f"Content-Length: {2 * MEGABYTE}"
    with web.connect() as client:
        client.sendall(_head(web, token, path, kind, size))
        if chunked:
            client.sendall(b"%x\r\n%s\r\n" % (MEGABYTE + 1, b"x" * (MEGABYTE + 1)))
        status, body = _answer(client)
    assert (status, body["error"]["message"]) == (413, "A request can have at most 1,048,576 bytes.")


def test_chunked_json_is_taken_in(web: Web, token: str, cast: Cast) -> None:
    url = f"http://127.0.0.1:{web.port}/api/v1/channels/{cast.general.id}/messages"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = httpx.post(url, content=iter([b'{"text":', b'"hi"}']), headers=headers)
    assert (answer.status_code, answer.json()["text"]) == (201, "hi")


CHARSETS = ["utf-16", "klingon", "base64", "idna", "undefined", "punycode", "rot13", '"x;y"']


def test_a_charset_changes_nothing(web: Web, token: str, cast: Cast) -> None:
    for charset in CHARSETS:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": f"application/json; charset={charset}"}
        url = f"http://127.0.0.1:{web.port}/api/v1/channels/{cast.general.id}/messages"
        assert httpx.post(url, content='{"text": "ü"}'.encode(), headers=headers).json()["text"] == "ü"
        assert httpx.get(f"{url}?limit=5&before=%ff", headers=headers).status_code == 422
        form = {**headers, "Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
        assert (
            httpx.post(f"http://127.0.0.1:{web.port}/api/v1/files", content=_form(b"x"), headers=form).status_code
            == 201
        )


def _get(target: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: a", *headers, b"Connection: close", b"", b""])


RAW = {
    "bytes in the path": _get(b"/api/v1/channels/\xff\xfe"),
    "NUL in the path": _get(b"/api/v1/\x00"),
    "bytes in the query": _get(b"/api/v1/channels?cursor=\xff"),
    "bytes in a header": _get(b"/api/v1/me", b"Authorization: Bearer \xff\xc0"),
    "NUL in a header": _get(b"/api/v1/me", b"X: a\x00b"),
    "100 kB of a header": _get(b"/api/v1/me", b"X: " + b"x" * 100_000),
    "no path": _get(b"http://a"),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "a length that is none": b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a chunk that is none": b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a socket without a key": b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
}


def test_bytes_that_are_no_good_request_get_an_answer(web: Web) -> None:
    answered = {name: int(web.raw(request).split()[1]) for name, request in RAW.items()}
    assert {name: status for name, status in answered.items() if not 400 <= status < 500} == {}


def test_headers_without_end_are_refused(web: Web) -> None:
    with web.connect() as client:
        client.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: a\r\nX: ")
        before = web.most_memory()
        with pytest.raises(OSError):
            for _ in range(200):
                client.sendall(b"x" * MEGABYTE)
    assert web.most_memory() - before < 20 * MEGABYTE


def test_who_signs_in_is_told_apart_behind_a_proxy(cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with web_process(tmp_path / "a") as web:  # a proxy on this machine is believed
        assert [_fails(web, "203.0.113.7", n) for n in range(21)][19:] == [401, 429]
        assert _fails(web, "203.0.113.8", 99) == 401
    with web_process(tmp_path / "b", TRUSTED_PROXIES="198.51.100.0/24") as web:
        # Other tests fail to sign in from 127.0.0.1 too; only Linux has more addresses of its own.
        own = f"127.1.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}" if sys.platform == "linux" else None
        assert [_fails(web, f"203.0.113.{n}", n + 100, own) for n in range(21)][19:] == [401, 429]


def _fails(web: Web, address: str, number: int, own: str | None = None) -> int:
    """The answer to a sign-in that fails, each time of somebody else."""
    body = {"email": f"{number}@{web.port}.test", "password": "wrong"}
    headers = {"X-Forwarded-For": address}
    with httpx.Client(transport=httpx.HTTPTransport(local_address=own)) as client:
        url = f"http://127.0.0.1:{web.port}/api/v1/session"
        return client.post(url, json=body, headers=headers).status_code


# The socket


@pytest.fixture
async def ws(web: Web, token: str) -> AsyncIterator[ClientConnection]:
    async with _socket(web, token) as client:
        assert orjson.loads(await client.recv())["type"] == "hello"
        yield client


def _socket(web: Web, token: str = "") -> connect:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return connect(f"ws://127.0.0.1:{web.port}/ws", additional_headers=headers, max_size=None, compression=None)


async def _next(ws: ClientConnection, *kinds: str) -> dict[str, Any]:
    """The next frame of one of these kinds."""
    async with asyncio.timeout(20):
        while True:
            frame: dict[str, Any] = orjson.loads(await ws.recv())
            if frame["type"] in kinds:
                return frame


FRAMES: dict[str, tuple[str | bytes, str]] = {
    "no JSON": ("{", "malformed"),
    "nothing": ("", "malformed"),
    "bytes": (b'{"type": "ping"}', "malformed"),
    "broken bytes": (b"\xff\xfe", "malformed"),
    "a list": ("[]", "malformed"),
    "a number": ("1", "malformed"),
    "no type": ("{}", "malformed"),
    "a type that is none": ('{"type": {}}', "malformed"),
    "an unknown type": ('{"type": "shout"}', "unknown_type"),
    "a long unknown type": ('{"type": "%s"}' % ("x" * 60_000), "unknown_type"),
    "deep": ('{"type": "call", "params": ' + "[" * 60_000, "malformed"),
    "NaN": ('{"type": "ping", "x": NaN}', "malformed"),
    "auth twice": ('{"type": "auth", "token": "x"}', "signed_in"),
    "resume of nothing": ('{"type": "resume"}', "malformed"),
    "resume of a list": ('{"type": "resume", "streams": []}', "malformed"),
    "resume before the beginning": ('{"type": "resume", "streams": {"org:x": -1}}', "malformed"),
    "resume at a text": ('{"type": "resume", "streams": {"org:x": "1"}}', "malformed"),
    "resume at true": ('{"type": "resume", "streams": {"org:x": true}}', "malformed"),
    "resume at half": ('{"type": "resume", "streams": {"org:x": 0.5}}', "malformed"),
    "resume beyond numbers": ('{"type": "resume", "streams": {"org:x": 1%s}}' % ("0" * 30), "malformed"),
    "resume of a stream that is none": ('{"type": "resume", "streams": {"\\u0000": 1}}', "not_found"),
    "resume of a channel with a NUL": ('{"type": "resume", "streams": {"channel:a\\u0000b": 1}}', "not_found"),
    "typing nowhere": ('{"type": "typing"}', "malformed"),
    "typing elsewhere": ('{"type": "typing", "channel": "x\\u0000"}', "not_found"),
    "typing in a list": ('{"type": "typing", "channel": "x", "thread": []}', "malformed"),
    "a call without an id": ('{"type": "call", "method": "messages.post"}', "malformed"),
    "a call without a method": ('{"type": "call", "id": "1"}', "malformed"),
    "a call with a long id": ('{"type": "call", "id": "%s", "method": "x"}' % ("x" * 81), "malformed"),
    "a call with no id": ('{"type": "call", "id": {}, "method": "x"}', "malformed"),
}


async def test_a_frame_that_makes_no_sense_is_answered_and_the_socket_stays(ws: ClientConnection) -> None:
    answered = {}
    for name, (sent, _) in FRAMES.items():
        await ws.send(sent)
        answered[name] = (await _next(ws, "error"))["code"]
    assert answered == {name: code for name, (_, code) in FRAMES.items()}
    await ws.send('{"type": "ping"}')
    assert await _next(ws, "pong")


async def test_a_cursor_beyond_the_end_waits_for_what_is_new(ws: ClientConnection, cast: Cast) -> None:
    stream = cast.general.stream
    await ws.send(orjson.dumps({"type": "resume", "streams": {stream: 2**53 - 1}}).decode())
    await _call(ws, "messages.post", {"channel": cast.general.id, "text": "new"})
    await ws.send(orjson.dumps({"type": "resume", "streams": {stream: 0}}).decode())
    seqs: list[int] = []
    while not seqs or seqs[-1] < 6:
        event = await _next(ws, "event")
        seqs += [event["seq"]] if event["stream"] == stream else []
    assert seqs == list(range(1, seqs[-1] + 1))


CALLS: dict[str, tuple[Any, str]] = {
    "no params": (None, "invalid"),
    "a list": ([], "invalid"),
    "a text": ("text", "invalid"),
    "an unknown field": ({"channel": "x", "text": "a", "colour": "red"}, "invalid"),
    "a channel that is none": ({"channel": "\0", "text": "a"}, "invalid"),
    "no such channel": ({"channel": "x", "text": "a"}, "not_found"),
}


async def test_a_call_with_wrong_params_is_answered(ws: ClientConnection, cast: Cast) -> None:
    for name, (params, code) in CALLS.items():
        assert (await _call(ws, "messages.post", params))["error"]["code"] == code, name
    assert (await _call(ws, "no.such", {}))["error"]["code"] == "unknown_method"
    long = {"channel": cast.general.id, "text": "x" * 40_001}
    assert "40,000 characters" in (await _call(ws, "messages.post", long))["error"]["message"]
    for method in ("messages.edit", "messages.delete", "reactions.add", "reactions.remove", "channels.read"):
        for params in (None, {}, {"message": "\0"}, {"message": "x", "emoji": "\0", "text": "\0", "seq": 1e30}):
            assert (await _call(ws, method, params))["error"]["code"] == "invalid"


async def _call(ws: ClientConnection, method: str, params: Any) -> dict[str, Any]:
    await ws.send(orjson.dumps({"type": "call", "id": 1, "method": method, "params": params}).decode())
    return await _next(ws, "reply")


async def test_a_frame_beyond_64_kib_closes_with_1009(web: Web, token: str) -> None:
    for frame in ("x" * 65_537, b"x" * 65_537, "ü" * 40_000):
        async with _socket(web, token) as ws:
            assert await _closed_with(ws, frame) == 1009
    async with _socket(web, token) as ws:
        await ws.send('{"type": "ping"}'.ljust(65_536))
        assert await _next(ws, "pong")


async def _closed_with(ws: ClientConnection, frame: str | bytes) -> int | None:
    with pytest.raises(ConnectionClosed):
        await ws.send(frame)
        while True:
            await ws.recv()
    return ws.close_code


async def test_without_sign_in_nothing_is_told(web: Web) -> None:
    async with _socket(web) as ws:
        for frame in ('{"type": "ping"}', '{"type": "auth"}', '{"type": "auth", "token": 1}', "{", b"x"):
            await ws.send(frame)
            assert orjson.loads(await ws.recv())["code"] in ("not_signed_in", "malformed")
        assert await _closed_with(ws, '{"type": "auth", "token": "\\u0000"}') == 4401


async def test_10_000_calls_at_once_are_all_answered(ws: ClientConnection, cast: Cast) -> None:
    async def send() -> None:
        for number in range(10_000):
            params = {"channel": cast.general.id, "seq": 1} if number % 100 == 0 else {"channel": "\0", "seq": 1}
            call = {"type": "call", "id": number, "method": "channels.read", "params": params}
            await ws.send(orjson.dumps(call).decode())

    sending = asyncio.create_task(send())
    answered = {(await _next(ws, "reply"))["id"] for _ in range(10_000)}
    await sending
    assert answered == set(range(10_000))


async def test_who_reads_slowly_is_sent_away_and_held_in_no_memory(
    web: Web, token: str, cast: Cast, ws: ClientConnection
) -> None:
    async with _socket(web, token) as slow:
        await slow.recv()
        await slow.send('{"type": "ping"}')
        slow.transport.pause_reading()
        before = web.most_memory()
        text = "x" * 39_000
        for _ in range(400):
            assert "result" in await _call(ws, "messages.post", {"channel": cast.general.id, "text": text})
        assert web.most_memory() - before < 30 * MEGABYTE
        slow.transport.resume_reading()
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(20):
                while True:
                    await slow.recv()
        assert slow.close_code == 4408
