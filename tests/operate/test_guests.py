"""A guest from end to end: invited by command, written to by SMTP, answering by LMTP, while the gateway is killed."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.guests.sink import Sink, running_sink
from tests.operate.house import House, answers, bare_env, manage, open_folder, running_house, until
from workspace.operate.part import free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("operate"), pytest.mark.timeout(240)]

GUS = "gus@g.test"
MX = "mx.a.test"


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with running_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def house(sink: Sink) -> Iterator[House]:
    more = {"SMTP_URL": sink.url, "SMTP_LISTEN": f"127.0.0.1:{free_port()}", "TRUSTED_AUTHSERV": MX}
    with open_folder() as data, running_house(data, env=bare_env(**more)) as house:
        yield house


def _run(house: House, *words: str) -> Any:
    done = manage(*words, "--json", "--data", str(house.data))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _ask(house: House, token: str, path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{house.url}/api/v1{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def _hand_in(house: House, to: str, text: str, *headers: str, sender: str = GUS) -> None:
    """As the company's mail server does."""
    host, _, port = house.up.env()["LMTP_LISTEN"].rpartition(":")
    mail = "\r\n".join([*headers, f"From: {sender.partition('@')[0].title()} <{sender}>", f"To: {to}", "", text, ""])
    with smtplib.LMTP(host, int(port)) as server:
        assert server.sendmail(sender, [to], mail) == {}


def test_a_guest_from_end_to_end(house: House, sink: Sink) -> None:
    owner = _run(house, "org_create", "Acme", "--owner", "ada@a.test", "--owner-name", "Ada")
    channel = _ask(house, owner["token"], "/channels", {"org": "acme", "name": "general", "kind": "public"})["id"]
    told = _run(house, "guest_add", "acme", "general", GUS, "--name", "Gus")
    until(lambda: sink.of(GUS), 20)
    posted = _ask(house, owner["token"], f"/channels/{channel}/messages", {"text": "Shall we meet?"})
    until(lambda: len(sink.of(GUS)) == 2, 20)
    question = sink.of(GUS)[1].mail
    assert str(question["Reply-To"]).strip("<>") == told["address"]
    _hand_in(
        house, told["address"], f"Yes!\r\n\r\nOn Monday Ada wrote:\r\n> {posted['text']}\r\n", "Message-ID: <1@g.test>",
        f"In-Reply-To: {question['Message-ID']}", f"Subject: Re: {question['Subject']}",
    )  # fmt: skip
    (answer,) = answers(f"{house.url}/api/v1/messages/{posted['id']}/thread", owner["token"])["items"]
    assert (answer["text"], answer["author_name"], answer["origin"]) == ("Yes!", "Gus", "mail")
    os.kill(house.up.children()["gateway"], signal.SIGKILL)
    _ask(house, owner["token"], f"/channels/{channel}/messages", {"text": "Good.", "thread": posted["id"]})
    until(lambda: len(sink.of(GUS)) == 3, 40)
    assert sink.of(GUS)[2].text == "> Shall we meet?\r\n\r\nGood."
    assert until(lambda: _run(house, "status")["ok"], 20)


def test_the_internet_hands_mail_over(house: House) -> None:
    where, name = house.up.env()["SMTP_LISTEN"], house.up.env().get("MAIL_DOMAIN", "roost.localhost")
    host, _, port = where.rpartition(":")

    def ask() -> None:
        with smtplib.SMTP(host, int(port), timeout=30) as server:
            server.starttls()
            server.ehlo()
            assert "starttls" not in server.esmtp_features
            server.mail("eve@evil.test")
            assert server.rcpt(f"nothing@acme.{name}")[0] == server.rcpt("bob@a.test")[0] == 550

    ask()
    os.kill(house.up.children()["gateway"], signal.SIGKILL)
    ask()  # whoever comes meanwhile waits
    parts = {part["part"]: part["ok"] for part in until(lambda: _run(house, "status"), 20)["parts"]}
    assert parts["mx"] and parts["mail in"]


def test_a_stranger_from_end_to_end(house: House, sink: Sink) -> None:
    token = _run(house, "org_create", "Birch", "--owner", "ben@b.test", "--owner-name", "Ben")["token"]
    vouched = f"Authentication-Results: {MX}; dmarc=pass header.from=e.test"
    headers = (vouched, "Message-ID: <1@e.test>", "Subject: Chairs")
    _hand_in(house, "ben@birch.roost.localhost", "May I?", *headers, sender="eve@e.test")
    (request,) = answers(f"{house.url}/api/v1/me/requests", token)["items"]
    assert (request["email"], request["preview"]) == ("eve@e.test", "May I?")
    channel = _ask(house, token, f"/me/requests/{request['id']}/accept", {})["id"]
    _ask(house, token, f"/channels/{channel}/messages", {"text": "You may."})
    (answer,) = until(lambda: sink.of("eve@e.test"), 20)
    assert (answer.text, answer.mail["Subject"], answer.mail["In-Reply-To"]) == ("You may.", "Re: Chairs", "<1@e.test>")
    reply = str(answer.mail["Reply-To"]).strip("<>")
    _hand_in(house, reply, "Thank you.", f"In-Reply-To: {answer.mail['Message-ID']}", sender="eve@e.test")
    said = answers(f"{house.url}/api/v1/channels/{channel}/messages", token)["items"]
    assert [message["text"] for message in said] == ["May I?", "You may.", "Thank you."]


def test_the_doctor_sends_a_mail_round(house: House, sink: Sink) -> None:
    """The sink stands for the company's mail server: what comes to it is handed in again."""
    _run(house, "org_create", "Globex", "--owner", "hank@g.test")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(manage, "doctor", "--loop", "30", "--json", "--data", str(house.data))
        mail = until(lambda: [one for one in sink.taken if one.to.startswith("loop+t")], 30)[0]
        host, _, port = house.up.env()["LMTP_LISTEN"].rpartition(":")
        with smtplib.LMTP(host, int(port)) as server:
            assert server.sendmail(mail.sender, [mail.to], mail.raw) == {}
        done = asked.result()
    told = json.loads(done.stdout)
    found = {one["check"]: one for one in told["mail"]}
    assert done.returncode == 0 and told["ok"], done.stdout
    assert (found["loop"]["state"], found["domain"]["state"], found["relay"]["state"]) == ("ok", "warning", "ok")
    assert "signature intact" in found["loop"]["found"] and "imap tls" not in found
    records = _run(house, "dns", "--dns-server", "127.0.0.1:1")["records"]
    assert [one["type"] for one in records] == ["MX", "TXT", "TXT", "TXT"]
    assert records[2]["name"] == "roost._domainkey.roost.localhost"


def test_where_mail_comes_in_stays_the_same(house: House) -> None:
    assert (Path(house.data) / "lmtp").read_text() == house.up.env()["LMTP_LISTEN"]
