"""What people say reaches guests with a key as an encrypted group: every kind of event, and nothing in the open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.utils import timezone
from pytest_django import Settings

from channels_app.chat import channels, guests, members, messages, pins, reactions
from channels_app.chat.models import Seat
from channels_app.files import uploads
from channels_app.guests.models import GuestKey, JoinCode, Mailbox, Reply
from channels_app.guests.secure import codes, handshake, keys, outbox
from channels_app.guests.sending.postman import Postman
from channels_app.guests.standing import LOST, standings
from channels_app.letters.outgoing import own_id
from tests.cast import Cast
from tests.guests.peer import Peer
from tests.guests.sink import Sink, running_sink
from workspace.events.models import Event, Lane

pytestmark = pytest.mark.django_db(transaction=True)
GUS, HAL = "gus@g.test", "hal@h.test"


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    with running_sink() as sink:
        settings.SMTP_URL = sink.url
        yield sink


@pytest.fixture
def gus(cast: Cast, sink: Sink) -> Peer:
    """He joined #general by a code of Bob's, and has read the welcome."""
    peer = Peer("Gus", GUS, cast.general)
    _join(cast, peer)
    _carry(cast)
    return peer


def _join(cast: Cast, peer: Peer) -> None:
    assert peer.join(_code(cast)) == handshake.JOINED


def _code(cast: Cast) -> JoinCode:
    made = codes.make(person=cast.bob, channel=cast.general.id)
    return JoinCode.objects.select_related("channel__org").get(id=made.id)


def _carry(cast: Cast) -> None:
    async def run() -> None:
        again = {cast.general.stream}
        postman = Postman(again.add)
        while again:
            await postman.carry(again.pop())
            await postman.settled()
        await postman.answer()
        await postman.close()

    asyncio.run(run())


def _post(cast: Cast, text: str, who: str = "bob", **more: object) -> str:
    return messages.post(person=cast.named(who), channel=cast.general.id, text=text, **more).message["id"]  # type: ignore[arg-type]


def _gets(cast: Cast, sink: Sink, gus: Peer) -> list[EmailMessage]:
    """What is new for Gus, opened; nothing of it is to be seen from outside."""
    sink.taken.clear()
    _carry(cast)
    for one in sink.of(GUS):
        assert (one.mail["Subject"], one.mail["From"]) == ("[...]", keys.address(cast.general))
        assert "+b" in one.sender and one.mail.get_content_type() == "multipart/encrypted"
    return [gus.opens(one.raw) for one in sink.of(GUS)]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).strip().replace("\r\n", "\n")


def test_the_welcome_follows_the_last_step(cast: Cast, sink: Sink) -> None:
    peer = Peer("Gus", GUS, cast.general)
    _join(cast, peer)
    added, welcome = _gets(cast, sink, peer)
    assert (added["Secure-Join"], added["Chat-Group-ID"]) == ("vg-member-added", cast.general.id)
    assert added["Chat-Group-Member-Added-Fpr"] == peer.fingerprint
    assert "Bob has invited you" in _text(welcome) and "The server itself can read it" in _text(welcome)
    assert "Sender" not in welcome and welcome["Message-ID"] != added["Message-ID"]


def test_every_kind_of_event(cast: Cast, sink: Sink, gus: Peer) -> None:
    file = uploads.store(uploader=cast.bob, name="plan.pdf", chunks=[b"%PDF-1.4"], declared_type="application/pdf").id
    id = _post(cast, "look *here*", files=[file])
    (message,) = _gets(cast, sink, gus)
    assert (message["From"].addresses[0].display_name, message["Chat-Group-Name"]) == ("Bob", "general")
    (attached,) = message.iter_attachments()
    assert (_text(message), attached.get_filename()) == ("look *here*", "plan.pdf")
    about = message["Message-ID"]
    assert about == own_id(cast.general.id, id) == sink.of(GUS)[0].mail["Message-ID"]

    messages.edit(person=cast.bob, message=id, text="look there")
    reactions.add(person=cast.amy, message=id, emoji="👍")
    pins.pin(person=cast.amy, message=id)
    pins.unpin(person=cast.amy, message=id)
    answer = _post(cast, "I see", "amy", thread=id)
    edit, reaction, pin, unpin, quoting = _gets(cast, sink, gus)
    assert (edit["Chat-Edit"], _text(edit)) == (about, "✏️look there")
    assert (reaction["Content-Disposition"], _text(reaction)) == ("reaction", "👍")
    assert [one["Chat-Content"] for one in (pin, unpin)] == ["message-pinned", "message-unpinned"]
    assert _text(quoting) == "> look there\n\nI see"
    assert {one["In-Reply-To"] for one in (edit, reaction, pin, unpin, quoting)} == {about}

    messages.delete(person=cast.alice, message=answer)
    (deletion,) = _gets(cast, sink, gus)
    assert deletion["Chat-Delete"] == quoting["Message-ID"]


def test_who_comes_and_goes_and_what_it_is_called(cast: Cast, sink: Sink, gus: Peer) -> None:
    members.leave(person=cast.amy, channel=cast.general.id)
    members.add(person=cast.alice, channel=cast.general.id, people=[cast.amy.id])
    guests.invite(person=cast.bob, channel=cast.general.id, email=HAL, name="Hal")
    channels.change(person=cast.alice, channel=cast.general.id, topic="new")
    channels.change(person=cast.alice, channel=cast.general.id, name="lobby")
    left, back, hal, renamed = _gets(cast, sink, gus)
    assert [_text(one) for one in (left, back, hal)] == ["Amy Admin left.", "Alice added Amy Admin.", "Bob added Hal."]
    assert HAL not in hal.as_string() and "amy@a.test" not in left.as_string()
    assert (renamed["Chat-Group-Name-Changed"], renamed["Chat-Group-Name"]) == ("general", "lobby")


def test_who_is_removed_is_told_and_who_left_knows(cast: Cast, sink: Sink, gus: Peer) -> None:
    guests.remove(person=cast.bob, channel=cast.general.id, guest=gus.person().id)
    (removed,) = _gets(cast, sink, gus)
    assert removed["Chat-Group-Member-Removed"] == GUS
    assert (
        not Lane.objects.filter(subscriber__startswith="guest:")
        .exclude(subscriber=guests.lane_of(cast.dana.id))
        .exists()
    )
    _join(cast, gus)
    _carry(cast)
    assert gus.write("x", chat_group_member_removed=GUS).code == 250
    assert _gets(cast, sink, gus) == []


def test_others_get_what_they_got_before(cast: Cast, sink: Sink, gus: Peer) -> None:
    guests.invite(person=cast.bob, channel=cast.general.id, email=HAL)
    assert gus.write("Hello").code == 250
    assert not _gets(cast, sink, gus)[1:]
    plain = sink.of(HAL)[-1]
    assert plain.text == "Hello" and plain.mail.get_content_type() == "text/plain"


def test_a_digest_and_mentions(cast: Cast, sink: Sink, gus: Peer) -> None:
    guests.choose(guest=gus.person(), channel=cast.general.id, delivery="mentions")
    _post(cast, "nothing")
    _post(cast, "for @gus")
    members.leave(person=cast.amy, channel=cast.general.id)
    assert [_text(one) for one in _gets(cast, sink, gus)] == ["for @gus"]
    guests.choose(guest=gus.person(), channel=cast.general.id, delivery="hourly")
    _post(cast, "one")
    _post(cast, "two")
    assert _gets(cast, sink, gus) == []
    Event.objects.filter(kind="message.posted").update(at=timezone.now() - timedelta(hours=2))
    Lane.objects.update(due=timezone.now())
    (digest,) = _gets(cast, sink, gus)
    assert _text(digest).startswith("2 new messages") and "two" in _text(digest)


def test_without_the_key_nothing_goes_out_in_the_open(cast: Cast, sink: Sink, gus: Peer) -> None:
    """As after a rebuild from mail, which brings seats back and no keys."""
    person = gus.person()
    GuestKey.objects.all().delete()
    _post(cast, "secret")
    guests.choose(guest=person, channel=cast.general.id, delivery="hourly")
    _post(cast, "secret")
    sink.taken.clear()
    _carry(cast)
    assert not sink.taken
    seat = Seat.objects.get(membership__person=person)
    assert standings([seat])[person.id, cast.general.id].why == LOST
    assert "another key or none" in str(gus.join(_code(cast)))


def test_who_has_a_key_gets_nothing_in_the_open_elsewhere_either(cast: Cast, sink: Sink, gus: Peer) -> None:
    guests.invite(person=cast.bob, channel=cast.secret.id, email=GUS)
    assert set(Seat.objects.filter(membership__person=gus.person()).values_list("encrypted", flat=True)) == {True}


def test_a_key_that_nothing_can_be_sealed_to_pauses_its_guest(cast: Cast, sink: Sink, gus: Peer) -> None:
    GuestKey.objects.update(certificate=gus.certificate[:60])
    for number in range(3):
        _post(cast, f"post {number}")
        assert not sink.taken[2:]
        _carry(cast)
    assert "key" in Mailbox.objects.get(person=gus.person()).why


def test_answers_wait_for_the_server_and_are_given_up_at_last(cast: Cast, sink: Sink) -> None:
    peer = Peer("Gus", GUS, cast.general)
    made = codes.make(person=cast.bob, channel=cast.general.id)
    peer.ask(made.number)
    sink.answers[GUS] = "451 later"
    for attempt in range(1, outbox.MOST_ATTEMPTS):
        _carry(cast)
        reply = Reply.objects.get()
        assert reply.attempts == attempt and reply.due > timezone.now()
        Reply.objects.update(due=timezone.now())
    _carry(cast)
    assert not Reply.objects.exists() and not sink.taken
    for answer, mails in (("550 no", 0), ("", 1)):
        peer.ask(made.number)
        sink.answers = {GUS: answer} if answer else {}
        _carry(cast)
        assert not Reply.objects.exists() and len(sink.taken) == mails
