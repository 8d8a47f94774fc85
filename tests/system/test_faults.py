"""Nothing is lost when any part is killed.

While people post, edit, react and append mails, each of web, worker, watcher, Valkey, PostgreSQL and Dovecot is killed
with SIGKILL at random moments. `FAULTS_SEED` chooses the moments and the order of an earlier run again.
"""

from __future__ import annotations

import json
import logging
import os
import random
import sys
import threading
import time
from typing import Any

import pytest

from tests.operate.house import House, answers, bare_env, manage, open_folder, running_house, until
from tests.system.faults import findings
from tests.system.faults.doors import HttpDoor, SocketDoor
from tests.system.faults.kills import Killer
from tests.system.faults.ledger import Ledger
from tests.system.faults.reader import Reader
from tests.system.faults.world import Database, mail_client, service_client
from tests.system.faults.writers import MailProgram, Talker, Writer

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.xdist_group("operate"), pytest.mark.timeout(420)]

CHANNELS = ("general", "design", "support")
MOMENT = (0.5, 4.0)  # seconds between two kills
ENDING_SECONDS = 70.0
CALM_SECONDS = 90.0  # a mail whose append was cut off waits a minute for its bell
MOST_SHOWN = 60
Made = dict[str, Any]


def test_nothing_is_lost_when_parts_are_killed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)  # a line a request otherwise
    seed = os.environ.get("FAULTS_SEED") or str(random.randrange(10**6))
    sys.stdout.write(f"FAULTS_SEED={seed}\n")
    with open_folder() as data, running_house(data, env=bare_env(WEB_PROCESSES="2")) as house:
        acme = Acme(house, random.Random(seed))
        killer = Killer(house.up, random.Random(f"{seed} kills"))
        acme.begin()
        for part, way in killer.plan():
            time.sleep(killer.chance.uniform(*MOMENT))
            killer.kill(part, way)
        for name in house.up.children():
            killer.wait_until_back(name)
        acme.end()
        took, unsettled = findings.wait_until_calm(acme.database, acme.reader, house.up.env(), CALM_SECONDS)
        found = [*unsettled, *acme.findings()]
        came = acme.reader.connections
        sys.stdout.write(f"{acme.ledger.summary()}; the reader came {came} times; calm after {took:.1f} s\n")
        sys.stdout.write("\n".join([*killer.done, *house.up.lines]) + "\n")
        assert not found, "\n".join([f"FAULTS_SEED={seed}: {len(found)} findings", *found[:MOST_SHOWN]])
        assert len(killer.done) == 30 and acme.was_busy(), acme.ledger.summary()


class Acme:
    """Alice, Amy and Bob, their channels, and what they do all the time."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self.house, self.ledger, self.stopping = house, Ledger(), threading.Event()
        self.database = Database(house.up.env()["DATABASE_URL"])
        made = self._run("org_create", "Acme", "--owner", "alice@a.test", "--owner-name", "Alice")
        self.slug = made["org"]["slug"]
        people = {"alice": made}
        for name in ("amy", "bob"):
            people[name] = self._run("member_add", self.slug, f"{name}@a.test", "--name", name.title())
        self.login = self._run("mail_login", self.slug, "bob@a.test")
        self.folders = {id: f"Channels/{self.slug}/{name}" for name, id in self._make_channels(people).items()}
        until(self._bob_sees_the_folders)
        self.reader = Reader(house.url, people["alice"]["token"], self.ledger)

        def talker(who: str, kind: type[HttpDoor | SocketDoor]) -> Talker:
            door = kind(house.url, people[who]["token"], self.ledger)
            name, id = f"{who}-{kind.__name__}", people[who]["person"]["id"]
            return Talker(name, id, door, list(self.folders), *self._all_have(chance))

        self.writers: list[Writer] = [
            talker("alice", HttpDoor),
            talker("amy", HttpDoor),
            talker("amy", SocketDoor),
            talker("bob", SocketDoor),
            MailProgram(self.login, "Bob <bob@a.test>", self.folders, *self._all_have(chance)),
        ]

    def _run(self, *words: str) -> Made:
        done = manage(*words, "--json", "--data", str(self.house.data))
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def _make_channels(self, people: Made) -> dict[str, str]:
        door = HttpDoor(self.house.url, people["alice"]["token"], self.ledger)
        members = [people[name]["person"]["id"] for name in ("amy", "bob")]
        made = {name: door.make_channel(self.slug, name, members) for name in CHANNELS}
        door.close()
        return made

    def _bob_sees_the_folders(self) -> bool:
        with mail_client(self.login) as client:
            return all(client.folder_exists(name) for name in self.folders.values())

    def _all_have(self, chance: random.Random) -> tuple[Ledger, threading.Event, random.Random]:
        return self.ledger, self.stopping, random.Random(chance.random())

    def begin(self) -> None:
        self.reader.start()
        assert self.reader.welcomed.wait(20)
        for writer in self.writers:
            writer.start()

    def end(self) -> None:
        """Everybody finishes what they began."""
        self.stopping.set()
        end = time.monotonic() + ENDING_SECONDS
        for writer in self.writers:
            writer.join(max(0.0, end - time.monotonic()))
            if writer.is_alive():
                self.ledger.complain(f"{writer.name} still waits for an answer")

    def findings(self) -> list[str]:
        """What does not hold; the reader stops."""
        self.reader.stopping.set()
        self.reader.join(10)
        ledger, database = self.ledger, self.database
        found = [*ledger.complaints, *findings.in_database(ledger, database), *findings.reactions(ledger, database)]
        found += [*findings.logs_without_gaps(database), *findings.seen(self.reader, database)]
        found += findings.quarantined(database)
        with mail_client(self.login) as bob:
            found += findings.in_folders(database, bob)
        with service_client(self.house.up.env()) as service:
            found += findings.in_logs(database, service)
        doctor = manage("doctor", "--json", "--data", str(self.house.data))
        if doctor.returncode != 0 or "needed" not in answers(f"{self.house.url}/api/v1/setup"):
            found.append(f"not all parts are well: {doctor.stdout} {doctor.stderr}")
        return found

    def was_busy(self) -> bool:
        """Whether enough was going on for the rest to mean something."""
        ledger = self.ledger
        enough = len(ledger.posts) >= 200 and ledger.edits >= 40 and len(ledger.reactions) >= 40
        return enough and len(ledger.mails) >= 20 and ledger.unclear >= 4 and self.reader.connections >= 2
