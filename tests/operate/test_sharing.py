"""Two servers, one channel: `up` twice, and between them nothing but mail, in any order, and some of it twice."""

from __future__ import annotations

import json
import os
import random
import signal
import smtplib
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.operate.house import House, answers, bare_env, manage, open_folder, running_house, until
from workspace.operate.part import free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("operate"), pytest.mark.timeout(300)]

TWICE = 0.15


@dataclass
class Mailway:
    """The mail server between them: it takes everything, and hands it over by LMTP when it can, in any order."""

    places: dict[str, Callable[[], str]] = field(default_factory=dict)
    waiting: list[tuple[str, str, bytes]] = field(default_factory=list)
    handed: int = 0
    _some: threading.Condition = field(default_factory=threading.Condition)
    _ended: bool = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        with self._some:
            mail = (str(envelope.mail_from), envelope.rcpt_tos[0], cast(bytes, envelope.original_content))
            self.waiting += [mail] * (2 if random.random() < TWICE else 1)
            self._some.notify()
        return "250 OK"

    def run(self) -> None:
        while True:
            with self._some:
                self._some.wait_for(lambda: self.waiting or self._ended)
                if self._ended:
                    return
                mail = self.waiting.pop(random.randrange(len(self.waiting)))
            if not self._hand_over(*mail):
                with self._some:
                    self.waiting.append(mail)
                    self._some.wait(0.2)  # as a queue does, before the next try

    def end(self) -> None:
        with self._some:
            self._ended = True
            self._some.notify()

    def _hand_over(self, sender: str, to: str, content: bytes) -> bool:
        """False when it has to be tried again."""
        place = next((place for domain, place in self.places.items() if to.endswith(f".{domain}")), None)
        if place is None:
            return True
        try:
            host, _, port = place().rpartition(":")
            with smtplib.LMTP(host, int(port), timeout=30) as server:
                server.sendmail(sender, [to], content)
        except smtplib.SMTPRecipientsRefused as refused:
            return all(code >= 500 for code, _ in refused.recipients.values())
        except smtplib.SMTPResponseException as answer:
            return answer.smtp_code >= 500
        except (OSError, smtplib.SMTPException):
            return False
        self.handed += 1
        return True


@contextmanager
def _running_mailway() -> Iterator[tuple[Mailway, str]]:
    way = Mailway()
    controller = Controller(way, hostname="127.0.0.1", port=free_port())
    controller.start()
    thread = threading.Thread(target=way.run, daemon=True)
    thread.start()
    try:
        yield way, f"smtp://{controller.hostname}:{controller.port}"
    finally:
        way.end()
        controller.stop()
        thread.join(30)


@dataclass
class Side:
    """One of the two, as its owner uses it."""

    house: House
    slug: str
    token: str
    channel: str = ""

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.house.url}/api/v1{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response) if response.status != 204 else None

    def items(self, path: str) -> list[Any]:
        return list(answers(f"{self.house.url}/api/v1{path}", self.token)["items"])

    def post(self, text: str, **more: Any) -> str:
        return str(self.ask("POST", f"/channels/{self.channel}/messages", {"text": text, **more})["id"])

    def find(self, text: str) -> str:
        page = self.items(f"/channels/{self.channel}/messages?limit=200")
        return next((str(message["id"]) for message in page if message["text"] == text), "")

    def view(self) -> list[tuple[Any, ...]]:
        """What is in the channel, whatever its order."""
        page = self.items(f"/channels/{self.channel}/messages?limit=200")
        roots = [one for one in page if one["thread"] is None]
        found = [self._shown(one, None) for one in roots if not one["deleted"]]
        for root in roots:
            if root["replies"]:
                found += [
                    self._shown(one, root["text"]) for one in self.items(f"/messages/{root['id']}/thread?limit=200")
                ]
        return sorted(found, key=repr)

    def _shown(self, message: Any, root: str | None) -> tuple[Any, ...]:
        reacted = sorted((one["emoji"], len(one["people"])) for one in message["reactions"])
        return (message["text"], message["author_name"].partition(" (")[0], root, tuple(reacted))

    def signal_gateway(self, number: signal.Signals) -> None:
        os.kill(self.house.up.children()["gateway"], number)


def _side(stack: ExitStack, way: Mailway, url: str, name: str) -> Side:
    data = stack.enter_context(open_folder())
    domain = f"{name.lower()}.example"
    house = stack.enter_context(running_house(data, env=bare_env(SMTP_URL=url, MAIL_DOMAIN=domain)))
    way.places[domain] = lambda: house.up.env()["LMTP_LISTEN"]
    made = manage(
        "org_create", name, "--owner", f"o@{domain}", "--owner-name", f"{name} Owner", "--json", "--data", str(data)
    )
    assert made.returncode == 0, made.stderr
    return Side(house, name.lower(), json.loads(made.stdout)["token"])


@pytest.fixture(scope="module")
def sides() -> Iterator[tuple[Side, Side]]:
    with ExitStack() as stack:
        way, url = stack.enter_context(_running_mailway())
        yield _side(stack, way, url, "Acme"), _side(stack, way, url, "Beta")


def test_two_servers_have_one_channel(sides: tuple[Side, Side]) -> None:
    acme, beta = sides
    acme.channel = acme.ask("POST", "/channels", {"name": "project", "kind": "private"})["id"]
    acme.ask("POST", f"/channels/{acme.channel}/shares", {"address": "roost@beta.beta.example"})
    (offer,) = until(lambda: beta.items("/orgs/beta/shares"), 40)
    assert (offer["org_name"], offer["name"], offer["domain"]) == ("Acme", "project", "acme.acme.example")
    beta.channel = beta.ask("POST", f"/orgs/beta/shares/{offer['id']}", {"name": "with-acme"})["id"]
    until(lambda: [one["state"] for one in acme.items(f"/channels/{acme.channel}/shares")] == ["active"], 40)

    root = acme.post("Hello Beta")
    there = until(lambda: beta.find("Hello Beta"), 40)
    with ThreadPoolExecutor(4) as people:
        work = [people.submit(acme.post, f"acme {n}") for n in range(15)]
        work += [people.submit(beta.post, f"beta {n}", thread=there if n % 3 == 0 else None) for n in range(15)]
        acme.signal_gateway(signal.SIGSTOP)
        beta.signal_gateway(signal.SIGKILL)
        for one in work:
            one.result()
        acme.signal_gateway(signal.SIGCONT)
    acme.ask("PATCH", f"/messages/{root}", {"text": "Hello all of Beta"})
    beta.ask("PUT", f"/messages/{there}/reactions/%F0%9F%8E%89")
    oops = acme.post("oops")
    until(lambda: beta.find("oops"), 120)
    acme.ask("DELETE", f"/messages/{oops}")

    until(lambda: len(acme.view()) == 31 and acme.view() == beta.view(), 120)
    assert {text for text, *_ in acme.view()} == {
        "Hello all of Beta", *(f"acme {n}" for n in range(15)), *(f"beta {n}" for n in range(15))
    }  # fmt: skip

    share = acme.items(f"/channels/{acme.channel}/shares")[0]["id"]
    acme.ask("DELETE", f"/channels/{acme.channel}/shares/{share}")
    until(lambda: not beta.items(f"/channels/{beta.channel}/shares"), 40)
    assert len(beta.view()) == len(acme.view()) == 31
