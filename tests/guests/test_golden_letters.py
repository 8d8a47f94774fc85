"""Each kind of mail a guest gets, from the event in the channel to the bytes: changed knowingly or not at all.

`WRITE_GOLDENS=1 pytest tests/guests/test_golden_letters.py` writes them anew.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from PIL import Image
from pytest_django import Settings

from channels_app.chat import channels, guests, messages, pins, reactions
from channels_app.chat.models import Channel, Message
from channels_app.files import uploads
from channels_app.guests.sending import big_files, composing, rounds
from channels_app.mail import Parsed, parse
from tests.mail import coi
from tests.mail.mails import assert_travels, golden
from workspace.events import ids, lanes
from workspace.events.lanes import Step
from workspace.events.models import Event, Lane
from workspace.people import organizations, persons
from workspace.people.models import Person

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _the_same_each_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids count up, signatures are made with one key, and small files are big."""
    numbers = itertools.count(1)
    monkeypatch.setattr(ids, "secrets", SimpleNamespace(randbelow=lambda most: next(numbers)))
    monkeypatch.setattr(ids, "time", SimpleNamespace(time_ns=lambda: int(BEGAN.timestamp()) * 10**9))
    settings.SECRET_KEY, settings.ROOST_URL = "golden", "https://roost.example.org"
    settings.MAIL_DOMAIN = "roost.example.org"
    monkeypatch.setattr(big_files, "FILES_BYTES", 1000)


@dataclass
class Story:
    """What happens in #general of Acme, of which Dana, a guest, gets mail; each thing a minute after the last."""

    alice: Person
    bob: Person
    dana: Person
    general: Channel
    now: datetime = BEGAN

    def post(self, text: str, by: Person | None = None, thread: str | None = None, files: Sequence[str] = ()) -> str:
        by = by or self.alice
        posted = messages.post(person=by, channel=self.general.id, text=text, thread=thread, files=list(files))
        return posted.message["id"]

    def file(self, name: str, content: bytes, kind: str) -> str:
        return uploads.store(uploader=self.alice, name=name, chunks=[content], declared_type=kind).id

    def mail(self) -> bytes:
        """The one mail Dana gets of what happened since the last."""
        self.now += timedelta(minutes=1)
        fresh = Event.objects.filter(at__gt=BEGAN + timedelta(days=1))
        Message.objects.filter(created_at__gt=BEGAN + timedelta(days=1)).update(created_at=self.now)
        fresh.update(at=self.now)
        Lane.objects.update(due=self.now)
        (round,) = rounds.gather(self.general.stream, 1)
        lanes.move([Step(round.lane.id, round.end)])
        (mail,) = round.mails
        return mail.letter.to(composing.recipient(round.channel, round.reader))


@pytest.fixture
def story(transactional_db: None) -> Story:
    acme, alice = organizations.create(name="Acme", owner_email="alice@acme.example.org", owner_name="Alice Ärmel")
    bob = persons.add(org=acme, email="bob@acme.example.org", name="Bob", by=alice)
    general = channels.create(person=alice, name="general", kind="public", topic="All of us", members=[bob.id])
    seat = guests.invite(
        person=bob, channel=general.id, email="dana@d.example.org", name="Dana Dörfler",
        expires_at=datetime(2099, 5, 1, tzinfo=UTC),
    )  # fmt: skip
    return Story(alice, bob, seat.membership.person, general)


def _told(story: Story) -> Iterator[tuple[str, bytes]]:
    """(name, mail) of each kind, as it happens."""
    yield "welcome", story.mail()
    root = story.post("Lunch on **Friday**?\n\n- noon\n- or later")
    yield "message", story.mail()
    yield "answer", (story.post("Noon, please.", story.bob, thread=root), story.mail())[1]
    yield "mention", (story.post("@Dana, what do *you* say?"), story.mail())[1]
    messages.edit(person=story.alice, message=root, text="Lunch on **Thursday**?")
    yield "edit", story.mail()
    for emoji in ("👍", "🎉"):
        reactions.add(person=story.bob, message=root, emoji=emoji)
    yield "reaction", story.mail()
    reactions.remove(person=story.bob, message=root, emoji="👍")
    yield "reaction-fewer", story.mail()
    reactions.remove(person=story.bob, message=root, emoji="🎉")
    yield "reaction-none", story.mail()
    pins.pin(person=story.bob, message=root)
    yield "pin", story.mail()
    pins.unpin(person=story.bob, message=root)
    yield "unpin", story.mail()
    story.post("The plan:", files=[story.file("plan ü.txt", b"1. eat\n", "text/plain")])
    yield "file", story.mail()
    story.post("The film:", files=[story.file("film.mp4", b"film" * 1000, "video/mp4")])
    yield "big-file", story.mail()
    story.post("", files=[story.file("photo.png", _photo(), "image/png")])
    yield "big-picture", story.mail()
    messages.delete(person=story.alice, message=root)
    yield "delete", story.mail()
    yield from _gathered(story)
    guests.remove(person=story.bob, channel=story.general.id, guest=story.dana.id)
    yield "goodbye", story.mail()


def _gathered(story: Story) -> Iterator[tuple[str, bytes]]:
    for delivery in ("hourly", "daily"):
        guests.choose(guest=story.dana, channel=story.general.id, delivery=delivery)
        root = story.post(f"Who has the key, {delivery}?", story.bob)
        story.post("I do.\n\nIt hangs *here*.", thread=root, files=[story.file("key.txt", b"key", "text/plain")])
        yield f"digest-{delivery}", story.mail()


def _photo() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").save(out, "PNG", compress_level=0)
    return out.getvalue()


def test_each_kind_of_mail(story: Story) -> None:
    names = []
    for name, raw in _told(story):
        names.append(name)
        golden(f"outgoing/{name}.eml", raw)
        assert_travels(raw)
        assert coi.faults(raw) == [], name
        assert _understood(parse(raw)) == MEANINGS[name], name
    assert names == list(MEANINGS)


def _understood(parsed: Parsed) -> tuple[str | None, bool, tuple[str, ...] | None, str | None, tuple[str, ...]]:
    """(kind, whether it is about another message, reaction, written by a program, files)."""
    assert parsed.defects == () and parsed.is_chat and parsed.from_ and parsed.date
    files = tuple(file.name for file in parsed.attachments)
    return parsed.chat_content, parsed.in_reply_to is not None, parsed.reaction, parsed.auto, files


MEANINGS = {
    "welcome": ("status", False, None, "auto-generated", ()),
    "message": (None, False, None, "list", ()),
    "answer": (None, True, None, "list", ()),
    "mention": (None, False, None, "list", ()),
    "edit": ("editrequest", True, None, "list", ()),
    "reaction": (None, True, ("🎉", "👍"), "list", ()),
    "reaction-fewer": (None, True, ("🎉",), "list", ()),
    "reaction-none": (None, True, (), "list", ()),
    "pin": ("message-pinned", True, None, "list", ()),
    "unpin": ("message-unpinned", True, None, "list", ()),
    "file": (None, False, None, "list", ("plan ü.txt",)),
    "big-file": (None, False, None, "list", ()),
    "big-picture": (None, False, None, "list", ("photo.png (small).jpg",)),
    "delete": ("deleterequest", True, None, "list", ()),
    "digest-hourly": ("status", False, None, "auto-generated", ()),
    "digest-daily": ("status", False, None, "auto-generated", ()),
    "goodbye": ("status", False, None, "auto-generated", ()),
}
