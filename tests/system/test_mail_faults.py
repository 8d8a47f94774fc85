"""Nothing is lost in mail, and nothing doubled but what nobody could know.

While members post and guests at two providers write, the gateway is killed with SIGKILL at random moments and between
taking a mail in and answering; the mail server dies in DATA, before and after it took a mail, and answers 4xx and 5xx.
`FAULTS_SEED` chooses the moments of an earlier run again.
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

from tests.bed.bed import Bed, running_bed
from tests.operate.house import House, manage, open_folder, until
from tests.system.faults import findings, mail
from tests.system.faults.doors import HttpDoor
from tests.system.faults.kills import Killer
from tests.system.faults.ledger import Ledger
from tests.system.faults.mail import GuestWriter, Mischief
from tests.system.faults.world import Database
from tests.system.faults.writers import Talker, Writer
from workspace.operate.part import greets

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.xdist_group("operate"), pytest.mark.timeout(240)]

DOMAIN = "chat.a.test"
CHANNELS = ("general", "support")
GUESTS = ("dora@b.test", "emil@b.test", "fay@b.test", "hal@c.test", "ida@c.test")
NOBODY, LATER = "gone@b.test", "full@c.test"
KILLS = 6
MOMENT = (0.2, 2.5)  # seconds from a gateway that is back to its next end
ENDING_SECONDS, CALM_SECONDS = 20.0, 60.0
MOST_SHOWN = 60


def test_nothing_is_lost_or_doubled_in_mail(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    seed = os.environ.get("FAULTS_SEED") or str(random.randrange(10**6))
    sys.stdout.write(f"FAULTS_SEED={seed}\n")
    with running_bed() as bed, open_folder() as data, bed.house(data, DOMAIN) as house:
        acme = Acme(bed, house, random.Random(seed))
        acme.begin()
        for number in range(KILLS):
            until(acme.listens, 30)
            time.sleep(acme.chance.uniform(*MOMENT))
            if number % 2:
                acme.mischief.kill_while_taking_in(5)
            else:
                acme.mischief.kill()
        until(acme.listens, 30)
        acme.end()
        unsettled = acme.wait_until_calm()
        found = [*unsettled, *acme.findings()]
        sys.stdout.write(f"{acme.ledger.summary()}; {dict(acme.mischief.met)}; {len(bed.mta.seen)} mails passed\n")
        sys.stdout.write("\n".join([*acme.mischief.killer.done, *house.up.lines]) + "\n")
        assert not found, "\n".join([f"FAULTS_SEED={seed}: {len(found)} findings", *found[:MOST_SHOWN]])
        assert acme.was_busy(), (acme.ledger.summary(), acme.mischief.met)


class Acme:
    """Alice and Amy in the client, guests at home, and the mischief between them."""

    def __init__(self, bed: Bed, house: House, chance: random.Random) -> None:
        self.bed, self.house, self.chance = bed, house, chance
        self.ledger, self.stopping = Ledger(), threading.Event()
        self.database = Database(house.up.env()["DATABASE_URL"])
        self.port = int(house.up.env()["LMTP_LISTEN"].rpartition(":")[2])
        self.mischief = Mischief(
            bed.mta, Killer(house.up, chance), self.database, DOMAIN, random.Random(chance.random())
        )
        alice = self._run("org_create", "Acme", "--owner", "alice@a.test", "--owner-name", "Alice")
        amy = self._run("member_add", alice["org"]["slug"], "amy@a.test", "--name", "Amy")
        self.door = HttpDoor(house.url, alice["token"], self.ledger)
        self.channels = {
            name: self.door.make_channel(alice["org"]["slug"], name, [amy["person"]["id"]]) for name in CHANNELS
        }
        self.accounts = [bed.provider(address.partition("@")[2]).account(address) for address in GUESTS]
        addresses = self._invite_all()
        self.writers: list[Writer] = [
            self._talker("alice", alice),
            self._talker("amy", amy),
            *(GuestWriter(one, bed.mta, addresses[one.address], *self._all_have()) for one in self.accounts),
        ]

    def _run(self, *words: str) -> dict[str, Any]:
        done = manage(*words, "--json", "--data", str(self.house.data))
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def _invite_all(self) -> dict[str, dict[str, str]]:
        """The signed addresses of each guest by channel, as their welcomes tell them."""
        self.bed.mta.refuse(NOBODY, "550 5.1.1 No such user", at_rcpt=True)
        self.bed.mta.refuse(LATER, "452 4.2.2 Mailbox full", at_rcpt=True, times=8)
        for name, channel in self.channels.items():
            for address in (*GUESTS, LATER, *([NOBODY] if name == "support" else [])):
                self.door.invite(channel, address, address.partition("@")[0].title())
        found: dict[str, dict[str, str]] = {}
        for account in self.accounts:
            welcomes = [one.mail for one in account.gets(len(CHANNELS))]
            found[account.address] = {
                self.channels[str(one["List-Id"]).partition(" ")[0]]: str(one["Reply-To"]).strip("<>")
                for one in welcomes
            }
        return found

    def _talker(self, name: str, made: dict[str, Any]) -> Talker:
        door = HttpDoor(self.house.url, made["token"], self.ledger)
        return Talker(name, made["person"]["id"], door, list(self.channels.values()), *self._all_have())

    def _all_have(self) -> tuple[Ledger, threading.Event, random.Random]:
        return self.ledger, self.stopping, random.Random(self.chance.random())

    def listens(self) -> bool:
        """Whether the gateway is there."""
        self.mischief.wait_until_back()
        return greets(self.port, b"220 ")

    def begin(self) -> None:
        self.mischief.begin()
        for writer in self.writers:
            writer.start()

    def end(self) -> None:
        """Everybody finishes what they began, and the mail server is well again."""
        self.stopping.set()
        self.mischief.end()
        end = time.monotonic() + ENDING_SECONDS
        for writer in self.writers:
            writer.join(max(0.0, end - time.monotonic()))
            if writer.is_alive():
                self.ledger.complain(f"{writer.name} still waits for an answer")

    def wait_until_calm(self) -> list[str]:
        """Every lane comes to its end, and no mail waits at the mail server."""
        end = time.monotonic() + CALM_SECONDS
        while True:
            left = mail.waiting(self.database)
            if not left and not self.bed.mta.waiting:
                return []
            if time.monotonic() > end:
                return [f"not calm: {self.bed.mta.waiting} mails wait at the mail server, and {left}"]
            time.sleep(0.2)

    def findings(self) -> list[str]:
        """What does not hold."""
        ledger, database, channels = self.ledger, self.database, list(self.channels.values())
        found = [*ledger.complaints, *findings.in_database(ledger, database), *findings.reactions(ledger, database)]
        found += [*findings.logs_without_gaps(database), *findings.quarantined(database)]
        full = self.bed.provider("c.test").account(LATER)
        for account in (*self.accounts, full):
            found += mail.in_mailbox(account, self.mischief, database, channels)
        if self.bed.mta.of(NOBODY) or mail.given_up(database) != 1:
            found.append(f"who has no mailbox was given up {mail.given_up(database)} times")
        standing = {one["email"]: (one["delivery"], one["state"]) for one in self.door.guests(self.channels["support"])}
        wanted = {**dict.fromkeys((*GUESTS, LATER), ("every", "ok")), NOBODY: ("paused", "failing")}
        if standing != wanted:
            found.append(f"it stands with the guests as {standing}")
        return found

    def was_busy(self) -> bool:
        """Whether enough was going on for the rest to mean something."""
        met = self.mischief.met
        enough = len(self.ledger.posts) >= 60 and len(self.ledger.mails) >= 25 and len(self.mischief.kills) == KILLS
        return enough and all(met[kind] for kind in ("die", "die after", "refuse", "delay"))
