"""Mail servers that are not ours: without a bell, without extensions, with other separators."""

from __future__ import annotations

import asyncio
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as real_settings
from imapclient import IMAPClient

from channels_app.chat import channels, messages
from channels_app.chat.models import Message
from channels_app.letters.models import Quarantined
from channels_app.mirror import foreign, healing, settling, sweeping
from channels_app.mirror.foreign import Foreign
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.pool import pool
from tests.cast import Cast
from tests.mirror.conftest import carry, folder, raw_mail, texts
from workspace.operate import dovecot, paths
from workspace.operate.part import wait_for

pytestmark = [pytest.mark.xdist_group("dovecot"), pytest.mark.slow]

PLAIN = "IMAP4rev1"
NO_NOTIFY = "IMAP4rev1 IDLE UIDPLUS ACL LITERAL+ MULTIAPPEND NAMESPACE"
EVERYTHING = ""

Change = Callable[[str], str]


class Server:
    """Another Dovecot, changed to be like somebody else's server."""

    def __init__(self, folder: Path, capability: str, change: Change) -> None:
        paths.service_user()
        self._part = dovecot.part(paths.Data(folder), throwaway=True, capability=capability)
        conf = folder / "mail" / "dovecot.conf"
        conf.write_text(re.sub(r"push_notification_driver = .*", "", change(conf.read_text())))
        argv, env = self._part.argv, self._part.own_env
        self._process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, **self._part.popen)
        wait_for(self._part.ready, "dovecot", self._process)
        self.url = self._part.env["IMAP_URL"]
        self.port = int(self._part.env["IMAP_PUBLIC_PORT"])
        self._master, self._password = self._part.env["IMAP_MASTER_USER"].split(":")

    def program(self, user: str) -> IMAPClient:
        client = IMAPClient("127.0.0.1", self.port, ssl=False)
        client.login(f"{user}*{self._master}", self._password)
        return client

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


Start = Callable[..., Server]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    started: list[Server] = []
    with tempfile.TemporaryDirectory(prefix="roost-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)

        def make(capability: str, change: Change = lambda conf: conf) -> Server:
            server = Server(Path(home), capability, change)
            started.append(server)
            monkeypatch.setattr(real_settings, "IMAP_URL", server.url)
            monkeypatch.setattr(real_settings, "IMAP_BELL", "")
            pool.empty()
            return server

        yield make
        pool.empty()
        for server in started:
            server.stop()


def _like_courier(conf: str) -> str:
    """Everything below INBOX, parts joined by dots, and no shared namespace."""
    conf = re.sub(r"namespace channels \{.*?\n\}\n", "", conf, flags=re.DOTALL)
    conf = conf.replace("separator = /\n  prefix =\n", "separator = .\n  prefix = INBOX.\n")
    return re.sub(
        r"(namespace inbox \{\n  inbox = yes\n  separator = )/\n(?!  prefix)", r"\1.\n  prefix = INBOX.\n", conf
    )


@pytest.mark.parametrize(
    "capability, change",
    [
        (PLAIN, None),
        (NO_NOTIFY, None),
        (EVERYTHING, None),
        (f"{PLAIN} NAMESPACE", _like_courier),
        (EVERYTHING, _like_courier),
    ],
    ids=["plain", "usual", "everything", "plain-dots", "everything-dots"],
)
def test_both_ways(cast: Cast, start: Start, capability: str, change: Change | None) -> None:
    start(capability, change or (lambda conf: conf))
    dotted = channels.create(person=cast.alice, name="a.b-größe", kind="public", members=[cast.bob.id])
    first = messages.post(person=cast.alice, channel=dotted.id, text="frist").message
    second = messages.post(person=cast.bob, channel=dotted.id, text="second", thread=first["id"]).message
    carry()
    messages.edit(person=cast.alice, message=first["id"], text="first")
    messages.delete(person=cast.bob, message=second["id"])
    messages.post(person=cast.alice, channel=dotted.id, text="third")
    carry()
    server = Mailbox()
    name = folder(dotted).name
    assert name == f"Channels/{cast.acme.slug}/a.b-größe"
    wire = server.wire_name(name)
    assert texts(server, wire) == ["first", "third"]
    server.client.append(wire, raw_mail(cast.bob, "by mail", Message_ID="<f1@b.test>"))
    server.client.append(wire, raw_mail(cast.charlie, "from outside", Message_ID="<f2@b.test>"))
    settling.settle(dotted.stream)
    assert Message.objects.get(channel=dotted, origin="imap").text == "by mail"
    assert Quarantined.objects.get().sender == cast.charlie.email
    assert texts(server, wire) == ["first", "third", "by mail"]
    server.select(name)
    server.expunge([server.uids()[0]])
    server.unselect()
    found = sweeping.sweep()
    assert found.heal == {dotted.stream}
    healing.heal(dotted.stream)
    channels.change(person=cast.alice, channel=dotted.id, name="plain")
    carry()
    assert sorted(texts(server, server.wire_name(folder(dotted).name))) == ["by mail", "first", "third"]
    assert sweeping.sweep().heal == set()
    server.close()


def test_the_organization_may_take_no_mails_without_a_name(cast: Cast, start: Start) -> None:
    start(EVERYTHING)
    cast.acme.settings = {"trust_from": False}
    cast.acme.save(update_fields=["settings"])
    carry()
    server = Mailbox()
    server.client.append(folder(cast.general).name, raw_mail(cast.bob, "believe me"))
    settling.settle(cast.general.stream)
    assert not Message.objects.exists() and "takes no mails" in Quarantined.objects.get().why
    server.close()


@pytest.mark.parametrize("capability, seconds", [(EVERYTHING, 2.0), (NO_NOTIFY, 2.5), (PLAIN, 4.5)])
def test_appends_are_heard(
    cast: Cast, start: Start, capability: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By NOTIFY or IDLE within a second or so (Dovecot tells after half a second), else by asking now and then."""
    server = start(capability)
    if capability != PLAIN:
        monkeypatch.setattr(foreign, "POLL_SECONDS", 60.0)
    messages.post(person=cast.alice, channel=cast.general.id, text="x")
    carry()
    heard = threading.Event()

    def look(streams: set[str], *, closely: bool = False) -> None:
        if cast.general.stream in streams:
            heard.set()

    async def listen() -> None:
        task = asyncio.create_task(Foreign(look).run())
        await asyncio.to_thread(heard.wait, seconds + 8)
        assert task.cancel(), "it does not listen any more"
        await asyncio.gather(task, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(listen()))
    thread.start()
    time.sleep(1.5)
    # Where there are no access lists, Bob can't come in.
    client = server.program(cast.bob.email) if "ACL" in capability or not capability else Mailbox().client
    began = time.monotonic()
    client.append(folder(cast.general).name, raw_mail(cast.bob, "hear me"))
    assert heard.wait(seconds + 6)
    assert time.monotonic() - began < seconds
    thread.join()
    client.logout()
