"""The bell: our Dovecot tells at once who did what in which folder."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from imapclient import IMAPClient

from tests.operate.house import Running, until
from workspace.operate import paths

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("operate"), pytest.mark.timeout(240)]

BOB = "bob@acme.roost.localhost"
MAIL = b"From: bob@a.test\r\nSubject: hi\r\n\r\nhello\r\n"


class Watcher:
    """Stands where the mirror's watcher listens."""

    def __init__(self, url: str) -> None:
        rung = self.rung = list[tuple[float, list[dict[str, Any]]]]()
        awake = self._awake = threading.Event()
        awake.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_expect_100(self) -> bool:
                awake.wait()
                return super().handle_expect_100()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                rung.append((time.perf_counter(), json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        where = urlsplit(url)
        self.server = http.server.ThreadingHTTPServer((where.hostname or "", where.port or 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Let it answer nothing for a while."""
        self._awake.clear()
        try:
            yield
        finally:
            self._awake.set()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def watcher(servers: Running) -> Iterator[Watcher]:
    watcher = Watcher(servers.env()["IMAP_BELL_URL"])
    yield watcher
    watcher.close()


@pytest.fixture
def roost(servers: Running) -> Iterator[IMAPClient]:
    """The service account."""
    url = urlsplit(servers.env()["IMAP_URL"])
    with IMAPClient(url.hostname or "", url.port or 0, ssl=False) as client:
        client.login(url.username or "", url.password or "")
        yield client


@pytest.fixture
def bob(servers: Running) -> Iterator[IMAPClient]:
    """Bob with an app password, as `signin.app_passwords` publishes it."""
    login = servers.data / "mail" / "logins" / "bob.x1@acme.roost.localhost"
    login.write_text(f"{login.name}:{{PLAIN}}secret::::::user={BOB}\n")
    login.chmod(0o600)
    if paths.IS_ROOT:
        os.chown(login, *paths.service_ids())
    with IMAPClient("127.0.0.1", int(servers.env()["IMAP_PUBLIC_PORT"]), ssl=False) as client:
        client.login(login.name, "secret")
        yield client


def channel(roost: IMAPClient, name: str) -> str:
    folder = f"Channels/acme/{name}"
    if not roost.folder_exists(folder):
        roost.create_folder(folder)
    roost.setacl(folder, BOB, "lrswipte")
    return folder


def test_names_the_acting_user(roost: IMAPClient, bob: IMAPClient, watcher: Watcher) -> None:
    folder = channel(roost, "general")
    bob.append(folder, MAIL)
    until(lambda: watcher.rung, 5)
    validity = roost.folder_status(folder, ["UIDVALIDITY"])[b"UIDVALIDITY"]
    expected = {"event": "MessageAppend", "user": BOB, "mailbox": folder, "uid": 1, "uid_validity": validity}
    assert watcher.rung[0][1] == [expected]
    bob.select_folder(folder)
    bob.add_flags([1], [b"\\Flagged"])
    bob.delete_messages([1])
    bob.expunge()
    until(lambda: {e["event"] for _, events in watcher.rung for e in events} >= {"FlagsSet", "MessageExpunge"}, 5)


def test_the_service_account_rings_nothing(roost: IMAPClient, bob: IMAPClient, watcher: Watcher) -> None:
    folder = channel(roost, "quiet")
    roost.append(folder, MAIL)
    bob.append(folder, MAIL)
    until(lambda: watcher.rung, 5)
    assert [[e["user"] for e in events] for _, events in watcher.rung] == [[BOB]]


@pytest.mark.parametrize("name", ['a "quoted" one', "back\\slash", "grün & 日本"])
def test_any_folder_name_arrives(roost: IMAPClient, bob: IMAPClient, watcher: Watcher, name: str) -> None:
    folder = channel(roost, name)
    bob.append(folder, MAIL)
    until(lambda: watcher.rung, 5)
    assert watcher.rung[0][1][0]["mailbox"] == folder


def test_one_call_for_many(roost: IMAPClient, bob: IMAPClient, watcher: Watcher) -> None:
    folder = channel(roost, "many")
    bob.multiappend(folder, [MAIL] * 50)
    until(lambda: watcher.rung, 5)
    assert [e["uid"] for e in watcher.rung[0][1]] == list(range(1, 51)) and len(watcher.rung) == 1


def test_nobody_there_and_nothing_is_lost(servers: Running, roost: IMAPClient, bob: IMAPClient) -> None:
    folder = channel(roost, "alone")
    _empty_spool(servers)
    began = time.perf_counter()
    bob.append(folder, MAIL)
    bob.append(folder, MAIL)
    assert time.perf_counter() - began < 2
    spooled = [json.loads(line) for line in _spooled(servers)]
    assert sorted((events[0]["user"], events[0]["uid"]) for events in spooled) == [(BOB, 1), (BOB, 2)]


def test_a_watcher_that_hangs_costs_seconds(servers: Running, roost: IMAPClient, bob: IMAPClient) -> None:
    """It takes connections and never answers; the append goes through, and the spool has it."""
    folder = channel(roost, "hanging")
    _empty_spool(servers)
    where = urlsplit(servers.env()["IMAP_BELL_URL"])
    with socket.create_server((where.hostname or "", where.port or 0)):
        began = time.perf_counter()
        bob.append(folder, MAIL)
        assert time.perf_counter() - began < 6
    assert [BOB in line for line in _spooled(servers)] == [True]


def _spool(servers: Running) -> Path:
    return servers.data / "mail" / "bells"


def _empty_spool(servers: Running) -> None:
    for file in _spool(servers).iterdir():
        file.unlink()


def _spooled(servers: Running) -> list[str]:
    assert {file.suffix for file in _spool(servers).iterdir()} <= {".bell"}
    return [file.read_text() for file in _spool(servers).iterdir()]


def test_a_watcher_that_begins_to_hang_costs_seconds(
    servers: Running, roost: IMAPClient, bob: IMAPClient, watcher: Watcher
) -> None:
    """Dovecot knows it as one that says "100 Continue" before it is told more, and must not wait for that for ever."""
    folder = channel(roost, "stuck")
    _empty_spool(servers)
    bob.append(folder, MAIL)
    assert len(watcher.rung) == 1
    with watcher.hanging():
        began = time.perf_counter()
        bob.append(folder, MAIL)
        assert time.perf_counter() - began < 6
    assert [event["uid"] for line in _spooled(servers) for event in json.loads(line)] == [2]


def test_rings_at_once(
    roost: IMAPClient, bob: IMAPClient, watcher: Watcher, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the bell adds to an append, beside the same append by the service account, which rings nothing."""
    folder = channel(roost, "fast")
    silent, rung = [], []
    for number in range(100):
        began = time.perf_counter()
        roost.append(folder, MAIL)
        silent.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        bob.append(folder, MAIL)  # answered after the bell
        assert len(watcher.rung) == number + 1
        rung.append((watcher.rung[-1][0] - began) * 1000)
    quiet, loud = statistics.median(silent), statistics.median(rung)
    with capsys.disabled():
        sys.stdout.write(f"\nappend {quiet:.1f} ms, append to bell {loud:.1f} ms (medians)\n")
    assert loud - quiet < 15
