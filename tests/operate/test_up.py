"""`up` as people meet it: what it prints, what it survives, what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
from imapclient import IMAPClient
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.operate.house import House, Running, answers, left, manage, start_up, until
from workspace.operate.part import free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("operate"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def owner(house: House) -> dict[str, str]:
    """Alice, made by `org_create`; her token."""
    done = manage("org_create", "Acme", "--owner", "alice@a.test", "--json", "--data", str(house.data))
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["person"]["role"] == "owner" and made["sign_in_url"].startswith(f"{house.url}/join/")
    return {"token": made["token"], "org": made["org"]["slug"]}


@pytest.fixture
def socket_of_alice(house: House, owner: dict[str, str]) -> Iterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {owner['token']}"}
    with connect(house.url.replace("http", "ws") + "/ws", additional_headers=headers) as live:
        assert json.loads(live.recv(10))["type"] == "hello"
        yield live


def test_prints_the_link_of_the_first_set_up(house: House) -> None:
    link = house.up.line("set up: ")
    assert link.startswith(f"{house.url}/setup/") and len(link.rpartition("/")[2]) > 20


def test_a_second_up_says_so(house: House) -> None:
    done = manage("up", "--port", str(free_port()), "--data", str(house.data))
    assert done.returncode == 1
    assert done.stderr.strip() == f"Roost runs on {house.data} already."


def test_a_taken_port_gives_one_line(house: House, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = manage("up", "--port", str(taken.getsockname()[1]), "--data", str(tmp_path / "data"))
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1 and "--port" in done.stderr


def test_people_get_in_by_command(house: House, owner: dict[str, str]) -> None:
    def run(*words: str) -> dict[str, object]:
        done = manage(*words, "--json", "--data", str(house.data))
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    bob = run("member_add", owner["org"], "bob@a.test", "--name", "Bob")
    assert answers(f"{house.url}/api/v1/me", str(bob["token"]))["person"]["name"] == "Bob"
    login = run("mail_login", owner["org"], "bob@a.test")
    where = login["imap"]
    assert isinstance(where, dict)
    with IMAPClient(where["host"], where["port"], ssl=False) as client:
        client.login(str(login["username"]), str(login["password"]))
        assert client.folder_exists("INBOX")
    status = run("status")
    assert status["ok"] is True, status
    again = manage("member_add", owner["org"], "bob@a.test", "--data", str(house.data))
    assert again.returncode == 1 and len(again.stderr.strip().splitlines()) == 1


def test_a_frame_too_long_closes_with_1009(socket_of_alice: ClientConnection) -> None:
    socket_of_alice.send("x" * 70_000)
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket_of_alice.recv(10)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


def test_a_rolling_restart_refuses_nobody(house: House, socket_of_alice: ClientConnection) -> None:
    before = house.up.children()
    os.kill(house.up.process.pid, signal.SIGHUP)

    def replaced() -> bool:
        answers(f"{house.url}/api/v1/setup")  # raises when a connection is refused
        now = house.up.children()
        return all(now[name] != before[name] for name in ("web-0", "web-1"))

    end = time.monotonic() + 60
    while not replaced():
        assert time.monotonic() < end
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket_of_alice.recv(10)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
    until(lambda: set(left(house.data, "operate.web")) == {house.up.children()[n] for n in ("web-0", "web-1")})
    assert sum("replacing" in line for line in house.up.lines) == 1


@pytest.mark.usefixtures("owner")
def test_what_dies_comes_back(house: House) -> None:
    before = house.up.children()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def back() -> bool:
        now = house.up.children()
        return all(now[name] != pid for name, pid in before.items()) and house.up.process.poll() is None

    until(back)
    for name in before:
        assert any(line.startswith(f"! {name} ended with -9") for line in house.up.lines)

    def serves() -> bool:
        status = manage("doctor", "--json", "--data", str(house.data))
        return status.returncode == 0 and not answers(f"{house.url}/api/v1/setup")["needed"]

    until(serves)


def test_a_server_that_hangs_is_ended(house: House) -> None:
    pid = house.up.children()["valkey"]
    os.kill(pid, signal.SIGSTOP)
    until(lambda: house.up.children()["valkey"] != pid, 60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_leaves_no_process(data: Path, number: signal.Signals) -> None:
    up, url = start_up(data)
    assert answers(f"{url}/api/v1/setup")["needed"] is True
    assert left(data)
    assert up.stop(number) < 10
    until(lambda: not left(data), 1 if number != signal.SIGKILL else 10)
    with pytest.raises(urllib.error.URLError):
        answers(f"{url}/api/v1/setup")


def test_stops_while_it_sets_up(data: Path) -> None:
    up = Running("up", "--port", str(free_port()), data=data)
    until(lambda: (data / "run" / "lock").exists())
    time.sleep(0.4)
    assert up.stop() < 10 and up.process.returncode == 0
    until(lambda: not left(data), 1)
