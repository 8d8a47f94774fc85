"""The watcher: both bells, and what rang while it was away."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import connections, transaction

from channels_app.chat import messages
from channels_app.chat.models import Message
from channels_app.letters.models import Quarantined
from channels_app.mirror import ear, tasks
from channels_app.mirror.folders import claim
from channels_app.mirror.imap import Mailbox
from channels_app.mirror.models import Arrival
from channels_app.mirror.watching import Watcher
from tests.cast import Cast
from tests.mirror.conftest import MailProgram, carry, folder, pull, raw_mail, texts
from workspace.celery import app
from workspace.events import bells
from workspace.signin.app_passwords import mailbox_name

pytestmark = pytest.mark.xdist_group("dovecot")


class Running:
    """A watcher in a thread of its own, with tasks done at once instead of by workers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._watcher = Watcher()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._watcher.run())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()


@pytest.fixture
def watch(cast: Cast) -> Iterator[Callable[[], Running]]:
    app.conf.task_always_eager = True
    ear.forget(ear.spooled())
    running: list[Running] = []

    def start() -> Running:
        running.append(Running())
        return running[-1]

    yield start
    for one in running:
        one.stop()
    app.conf.task_always_eager = False
    connections.close_all()


def _until(check: Callable[[], bool], seconds: float = 8.0) -> float:
    """Wait until it is so; how many seconds that took."""
    began = time.monotonic()
    while not check():
        assert time.monotonic() - began < seconds, "it did not happen"
        time.sleep(0.002)
    return time.monotonic() - began


def _heard(text: str) -> bool:
    return Message.objects.filter(text=text, origin="imap").exists()


def test_what_is_posted_is_in_the_folder_and_what_is_appended_is_posted(
    cast: Cast, watch: Callable[[], Running], program: MailProgram, server: Mailbox
) -> None:
    carry()
    watch()
    client = program(cast.bob)
    name = f"Channels/{cast.acme.slug}/general"
    time.sleep(0.5)
    messages.post(person=cast.alice, channel=cast.general.id, text="hello")
    _until(lambda: texts(server, name) == ["hello"])
    took = []
    for n in range(10):
        client.append(name, raw_mail(cast.bob, f"mail {n}"))
        took.append(_until(lambda n=n: _heard(f"mail {n}")))  # type: ignore[misc]
    assert statistics.median(took) < 0.25
    client.append(name, raw_mail(cast.alice, "not me"))
    _until(lambda: Quarantined.objects.filter(sender="alice@a.test").exists())


def test_no_bell_of_a_post_is_lost_while_others_are_carried(
    cast: Cast, watch: Callable[[], Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    carried: set[str] = set()
    monkeypatch.setattr(tasks, "enqueue", carried.update)
    watch()
    asyncio.run(_ring("channel:first", until=lambda: "channel:first" in carried))
    streams = {f"channel:{n}" for n in range(200)}
    asyncio.run(_ring(*sorted(streams)))
    _until(lambda: streams <= carried, seconds=2)


async def _ring(*streams: str, until: Callable[[], bool] = lambda: True) -> None:
    """A bell for each stream, every few ms, and all of them again until it is so."""
    layer: Any = get_channel_layer()
    while True:
        for stream in streams:
            await layer.group_send(bells.GROUP, {"type": "bell", "heads": {stream: 1}})
            await asyncio.sleep(0.003)
        if until():
            return


def test_what_rang_while_nobody_listened_is_not_lost(
    cast: Cast, watch: Callable[[], Running], program: MailProgram, server: Mailbox
) -> None:
    carry()
    client = program(cast.bob)
    name = f"Channels/{cast.acme.slug}/general"
    client.append(name, raw_mail(cast.bob, "spooled"))
    client.append(name, raw_mail(cast.amy, "spooled too"))
    (ear.spool() / "1.bell").write_bytes(b"broken")
    (ear.spool() / "2.bell").write_bytes(b'[{"event":1}]')
    watch()
    _until(lambda: _heard("spooled"))
    _until(lambda: Quarantined.objects.filter(sender="amy@a.test").exists())
    _until(lambda: not ear.spooled())


def test_a_bell_does_not_wait_for_whoever_works_on_the_folder(cast: Cast) -> None:
    """Dovecot holds the append until its bell is answered."""
    carry()
    events = [_append_of(cast, folder(cast.general).uidnext)]
    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        claim(cast.general.stream)
        pool.submit(_in_own_connection, ear.write_down, events).result(5)
    assert Arrival.objects.get().user == events[0]["user"]


def test_a_bell_that_comes_twice_leaves_nothing_behind(cast: Cast, program: MailProgram) -> None:
    """Dovecot spools what was not answered in time, even if it was heard."""
    carry()
    uid = folder(cast.general).uidnext
    program(cast.bob).append(folder(cast.general).name, raw_mail(cast.bob, "once"))
    pull(cast.general)
    ear.write_down([_append_of(cast, uid)])
    assert _heard("once") and not Arrival.objects.exists()


def _append_of(cast: Cast, uid: int) -> dict[str, Any]:
    """What the bell says when Bob appended a mail to #general."""
    row = folder(cast.general)
    return {
        "event": "MessageAppend",
        "user": mailbox_name(cast.bob),
        "mailbox": row.name,
        "uid": uid,
        "uid_validity": row.uidvalidity,
    }


def _in_own_connection(verb: Callable[..., Any], *given: Any) -> None:
    try:
        verb(*given)
    finally:
        connections.close_all()


def test_a_folder_that_loses_a_mail_gets_it_back(
    cast: Cast, watch: Callable[[], Running], program: MailProgram, server: Mailbox
) -> None:
    messages.post(person=cast.alice, channel=cast.general.id, text="stays")
    carry()
    name = folder(cast.general).name
    server.grant(name, {f"bob@{cast.acme.slug}.roost.localhost": "lrswipte"})
    watch()
    client = program(cast.bob)
    client.select_folder(name)
    client.delete_messages(client.search())
    client.expunge()
    client.unselect_folder()
    _until(lambda: texts(server, name) == ["stays"])
