"""The whole of it: `with running_bed() as bed`, then providers, their accounts, and Roost inside or beside.

dora = bed.provider("b.test").account("dora@b.test")
with bed.gateway(settings):             # Roost's mail gateway in this process, on the test's database
    dora.send(address, "Hello", subject="Lunch?")
    (welcome,) = dora.gets(1)
with bed.house(data, "chat.a.test"):    # a whole instance, by `manage.py up`
    …
bed.mta.refuse("dora@b.test", "451 4.3.0 Later", times=2)
assert bed.mta.of("dora@b.test")[0].text == "Hello"
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from pytest_django import Settings

from channels_app.guests import gateway
from tests.bed.mta import NAME, Mta, running_mta
from tests.bed.providers import Mailboxes, Provider, running_mailboxes
from tests.operate.house import House, bare_env, open_folder, running_house, until
from workspace.operate.part import free_port, greets

SWEEP_SECONDS = 0.2  # what is said before the gateway hears bells is not to wait


@dataclass
class Bed:
    """What runs, by name."""

    mailboxes: Mailboxes
    mta: Mta
    _providers: dict[str, Provider] = field(default_factory=dict)

    def provider(self, domain: str) -> Provider:
        """A provider, which takes mail for its domain from the first time on."""
        if domain not in self._providers:
            self._providers[domain] = Provider(domain, self.mailboxes, self.mta)
            self._providers[domain].is_back()
        return self._providers[domain]

    def clear(self) -> None:
        """Empty all mailboxes, end all troubles, forget what passed."""
        self.mta.heal()
        self.mta.seen.clear()
        self.mta.refused.clear()
        for provider in self._providers.values():
            provider.clear()

    @contextlib.contextmanager
    def gateway(self, settings: Settings) -> Iterator[None]:
        """Roost's gateway in this process, in a thread; the test's database has to be a `transactional_db`."""
        port = free_port()
        settings.SMTP_URL, settings.LMTP_LISTEN = f"{self.mta.url}?starttls=never", f"127.0.0.1:{port}"
        settings.TRUSTED_AUTHSERV = [NAME]
        loop = asyncio.new_event_loop()
        running = loop.create_task(gateway.Gateway().run())
        thread = threading.Thread(target=_run, args=(loop, running), name="gateway")
        try:
            with patch.object(gateway, "SWEEP_SECONDS", SWEEP_SECONDS):
                thread.start()
                until(lambda: greets(port, b"220 "), 20)
                self.mta.route(f".{settings.MAIL_DOMAIN}", port, vouch=True)
                yield
        finally:
            loop.call_soon_threadsafe(running.cancel)
            thread.join(30)

    @contextlib.contextmanager
    def house(self, data: Path, mail_domain: str, env: Mapping[str, str] | None = None) -> Iterator[House]:
        """A whole instance whose channels have addresses below `mail_domain`."""
        given = {"SMTP_URL": f"{self.mta.url}?starttls=never", "MAIL_DOMAIN": mail_domain, "TRUSTED_AUTHSERV": NAME}
        with running_house(data, env=bare_env(**given, **(env or {}))) as house:
            self.take_in(house, mail_domain)
            yield house

    def take_in(self, house: House, mail_domain: str) -> None:
        """Mail for an instance's channels goes to its listener."""
        port = int(house.up.env()["LMTP_LISTEN"].rpartition(":")[2])
        self.mta.route(f".{mail_domain}", port, vouch=True)


def _run(loop: asyncio.AbstractEventLoop, running: asyncio.Task[None]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(running)
    loop.close()


@contextlib.contextmanager
def running_bed() -> Iterator[Bed]:
    with open_folder() as folder, running_mailboxes(folder) as mailboxes, running_mta() as mta:
        yield Bed(mailboxes, mta)
