"""Mail comes in any order, twice, late or never, and sides forget: in the end both have the same, each thing once."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from channels_app.chat import channels
from channels_app.chat.models import Message, Share
from channels_app.guests.models import Early
from channels_app.guests.sending import big_files
from channels_app.guests.sharing.notes import Ready
from tests.sharing.servers import Server, exchange
from workspace.events.models import Event, Lane, Stream

Pair = tuple[Server, Server]
EMOJI = ("👍", "🎉", "👀")


class Chaos:
    """Two sides that act by chance, and a mail server that does what it likes with what they send."""

    def __init__(self, pair: Pair, seed: int) -> None:
        self.pair, self.random = pair, random.Random(seed)
        self.under_way: list[tuple[Server, Ready]] = []
        self.number = 0

    def step(self) -> None:
        server = self.random.choice(self.pair)
        deeds: list[Callable[[Server], None]] = [self.say, self.say, self.answer, self.edit, self.delete, self.react]
        self.random.choice([*deeds, self.carry, self.carry, self.deliver, self.deliver, self.wait])(server)

    def say(self, server: Server) -> None:
        self.number += 1
        by = self.random.choice([server.owner, server.member])
        if self.random.random() < 0.2:
            server.say(f"message {self.number}", by=by, notes=b"some notes")
        else:
            server.say(f"message {self.number}", by=by)

    def _some(self, server: Server, *, own: bool = False) -> Message | None:
        rows = Message.objects.filter(channel=server.channel, deleted_at=None).order_by("seq")
        found = list(rows.exclude(origin="share") if own else rows)
        return self.random.choice(found) if found else None

    def answer(self, server: Server) -> None:
        if row := self._some(server):
            self.number += 1
            server.say(f"answer {self.number}", thread=row.id)

    def edit(self, server: Server) -> None:
        if row := self._some(server, own=True):
            self.number += 1
            server.edit(row.id, f"edit {self.number}")

    def delete(self, server: Server) -> None:
        row = self._some(server, own=True)
        if row is not None and self.random.random() < 0.3:
            server.delete(row.id)

    def react(self, server: Server) -> None:
        if row := self._some(server):
            server.react(row.id, self.random.choice(EMOJI), away=self.random.random() < 0.4)

    def carry(self, server: Server) -> None:
        to = self.pair[1] if server is self.pair[0] else self.pair[0]
        for mail in server.carry():
            fate = self.random.random()
            self.under_way += [(to, mail)] * (0 if fate < 0.15 else 2 if fate > 0.85 else 1)

    def deliver(self, server: Server) -> None:
        self.random.shuffle(self.under_way)
        for _ in range(self.random.randint(0, 4)):
            if self.under_way:
                to, mail = self.under_way.pop()
                to.take(mail)

    def wait(self, server: Server) -> None:
        server.wait()


@pytest.mark.parametrize("seed", range(5))
def test_both_sides_end_with_the_same(pair: Pair, seed: int) -> None:
    chaos = Chaos(pair, seed)
    for _ in range(60):
        chaos.step()
    for to, mail in chaos.under_way:
        to.take(mail)
    exchange(*pair)
    acme, beta = pair
    assert acme.view() == beta.view()
    assert not Early.objects.exists()
    assert len(acme.view()) == Message.objects.filter(channel=acme.channel, deleted_at=None).count()


def test_a_replay_does_nothing(pair: Pair) -> None:
    acme, beta = pair
    id = acme.say("first")
    exchange(*pair)
    acme.edit(id, "second")
    beta.react(beta.by_text("first"), "👍")
    exchange(*pair)
    before = (acme.view(), beta.view())
    heads = {stream.key: stream.head for stream in Stream.objects.all()}
    for to, mails in ((beta, acme.outbox), (acme, beta.outbox)):
        for mail in list(mails):
            to.take(mail)
    assert (acme.view(), beta.view()) == before
    assert {stream.key: stream.head for stream in Stream.objects.all()} == heads


def test_one_side_is_away_and_catches_up(pair: Pair) -> None:
    acme, beta = pair
    for n in range(20):
        acme.say(f"a{n}")
        beta.say(f"b{n}")
    acme.carry()  # all of it is lost
    exchange(*pair)
    assert len(acme.view()) == 40 and acme.view() == beta.view()
    assert [text for text in beta.texts() if text.startswith("a")] == [f"a{n}" for n in range(20)]


def test_what_was_deleted_meanwhile_leaves_no_gap(pair: Pair) -> None:
    acme, beta = pair
    acme.say("one")
    oops = acme.say("oops")
    acme.say("two")
    lost = acme.carry()
    beta.take(lost[0])
    acme.delete(oops)
    exchange(*pair)
    assert beta.texts() == ["one", "two"]


def _forget(server: Server, head: int) -> None:
    """As after the restore of a database of when the channel's head was this: what came later is not there."""
    later = Message.objects.filter(channel=server.channel, seq__gt=head)
    Message.objects.filter(thread__in=later).delete()
    later.delete()
    Event.objects.filter(stream=server.channel.stream, seq__gt=head).delete()
    Stream.objects.filter(key=server.channel.stream).update(head=head)


def test_a_side_whose_database_is_restored(pair: Pair) -> None:
    acme, beta = pair
    acme.say("kept by both")
    exchange(*pair)
    head = Stream.objects.get(key=acme.channel.stream).head
    then = Share.objects.get(id=acme.share.id)
    cursor = Lane.objects.get(subscriber=f"share:{then.id}").cursor
    for n in range(5):
        acme.say(f"lost at Acme {n}")
    beta.say("comes again")
    exchange(*pair)
    _forget(acme, head)
    then.save()
    Lane.objects.filter(subscriber=f"share:{then.id}").update(cursor=cursor)
    for n in range(12):  # past where the numbers were
        acme.say(f"new {n}")
    exchange(*pair)
    assert [text for text in beta.texts() if text.startswith("new")] == [f"new {n}" for n in range(12)]
    assert "comes again" in acme.texts() and acme.texts().count("kept by both") == 1
    assert "lost at Acme 4" in beta.texts()
    assert acme.share.epoch > then.epoch and beta.share.peer_epoch == acme.share.epoch


def test_what_is_too_big_is_named(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(big_files, "FILES_BYTES", 10)
    acme, beta = pair
    acme.say("look", small=b"123", big=b"1" * 20)
    exchange(*pair)
    (view,) = beta.view().values()
    assert view["files"] == [("small", b"123")] and "big" in view["text"]


def test_an_archived_channel_takes_in_what_was_said_when_it_is_opened_again(pair: Pair) -> None:
    acme, beta = pair
    with beta.on():
        channels.archive(person=beta.owner, channel=beta.channel.id)
    acme.say("are you there?")
    for mail in acme.carry():
        assert beta.take(mail).code == 250
    assert beta.texts() == []
    with beta.on():
        channels.archive(person=beta.owner, channel=beta.channel.id, archived=False)
    exchange(*pair)
    assert beta.texts() == ["are you there?"]
