"""What people say in a channel reaches its guests as mail: each in order, once, and one's trouble is nobody else's."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from channels_app.chat import channels, guests, messages, pins, reactions
from channels_app.chat.models import Channel, Message, Seat
from channels_app.files import uploads
from channels_app.guests import addresses, file_links
from channels_app.guests.models import Mailbox
from channels_app.guests.sending import big_files, rounds, signing
from channels_app.guests.sending.postman import Postman
from channels_app.mail import matches, parse, read_reply
from tests.cast import Cast
from tests.guests.fetched import body
from tests.guests.sink import Sink, running_sink
from tests.mail.mails import assert_travels
from tests.mail.signatures import verifies
from workspace.events import lanes, log
from workspace.events.models import Event, Lane
from workspace.people import persons
from workspace.people.models import Person

pytestmark = pytest.mark.django_db(transaction=True)
GUS, HAL = "gus@g.test", "hal@h.test"


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    with running_sink() as sink:
        settings.SMTP_URL = sink.url
        yield sink


def _invite(cast: Cast, email: str = GUS, **more: Any) -> Person:
    name = email.partition("@")[0].title()
    return guests.invite(person=cast.bob, channel=cast.general.id, email=email, name=name, **more).membership.person


def _carry(cast: Cast, channel: Channel | None = None) -> None:
    """What the gateway does when bells ring, until nothing is left that may go."""

    async def run() -> None:
        again = {(channel or cast.general).stream}
        postman = Postman(again.add)
        while again:
            await postman.carry(again.pop())
            await postman.settled()
        await postman.close()

    asyncio.run(run())


def _post(cast: Cast, text: str, who: str = "bob", **more: Any) -> str:
    return messages.post(person=cast.named(who), channel=cast.general.id, text=text, **more).message["id"]


def _texts(sink: Sink, to: str = GUS) -> list[str]:
    """What a guest read, the welcome aside."""
    return [one.text for one in sink.of(to)[1:]]


def _rest(stream: str) -> None:
    """The pauses of all lanes are over."""
    Lane.objects.filter(stream=stream).update(due=timezone.now())


def test_a_guest_is_welcomed_once_and_then_reads_along(cast: Cast, sink: Sink) -> None:
    _post(cast, "before")
    gus = _invite(cast)
    _carry(cast)
    root = _post(cast, "Hello **all**")
    _carry(cast)
    _post(cast, "an answer", "amy", thread=root)
    _carry(cast)
    welcome, first, second = sink.of(GUS)
    assert welcome.mail["Auto-Submitted"] == "auto-generated"
    for part in ("Bob", "general", cast.acme.name, "Amy Admin", "leave", f"/leave/{cast.general.id}-{gus.id}"):
        assert part in welcome.text
    assert str(first.mail["From"]) == f'"Bob ({cast.acme.name})" <general@{cast.acme.slug}.roost.localhost>'
    assert (first.text, first.mail["Subject"]) == ("Hello **all**", "[general] Hello all")
    assert second.mail["In-Reply-To"] == second.mail["References"] == first.mail["Message-ID"]
    assert second.mail["Subject"] == "Re: [general] Hello all"
    assert first.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for signed, purpose in ((str(first.mail["Reply-To"]), "r"), (first.sender, "b")):
        reply = read_reply(signed)
        assert reply is not None and reply.purpose == purpose
        assert matches(reply, cast.general.id, gus.id, addresses.secret())
        assert not matches(reply, cast.secret.id, gus.id, addresses.secret())


def test_one_welcome_for_several_channels(cast: Cast, sink: Sink) -> None:
    plans = channels.create(person=cast.bob, name="plans", kind="private", topic="What comes next")
    (seat, _, _) = guests.invite_to(
        person=cast.bob, channels=[cast.general.id, plans.id, cast.secret.id], email=GUS, name="Gus"
    )
    gus = seat.membership.person
    for channel in (plans, cast.secret, cast.general, plans):  # in any order, and again
        _carry(cast, channel)
    (welcome,) = sink.of(GUS)
    for part in (
        "Bob",
        "general",
        "“plans”, “secret” as well",
        "plans (What comes next)",
        addresses.reply_to(plans, gus.id),
    ):
        assert part in " ".join(welcome.text.split())
    for channel in (cast.general, plans, cast.secret):
        assert f"/leave/{channel.id}-{gus.id}" in welcome.text
    messages.post(person=cast.bob, channel=plans.id, text="a plan")
    _carry(cast, plans)
    assert [one.text for one in sink.of(GUS)[1:]] == ["a plan"]


def test_another_channel_welcomes_when_the_first_is_left(cast: Cast, sink: Sink) -> None:
    seat, _ = guests.invite_to(person=cast.bob, channels=[cast.general.id, cast.secret.id], email=GUS)
    guests.remove(person=cast.bob, channel=cast.general.id, guest=seat.membership.person_id)
    _carry(cast, cast.secret)
    (welcome,) = sink.of(GUS)
    assert welcome.mail["Subject"].startswith("[secret] Welcome") and "general" not in welcome.text


def test_a_server_without_tls_is_greeted_first(cast: Cast, sink: Sink, settings: Settings) -> None:
    settings.SMTP_URL = f"{sink.url}?starttls=never"
    _invite(cast)
    _carry(cast)
    assert len(sink.of(GUS)) == 1 and not Lane.objects.filter(stream=cast.general.stream, attempts__gt=0).exists()


def test_every_kind_of_event(cast: Cast, sink: Sink) -> None:
    _invite(cast)
    file = uploads.store(uploader=cast.bob, name="plan.pdf", chunks=[b"%PDF-1.4"], declared_type="application/pdf").id
    id = _post(cast, "look", files=[file])
    _carry(cast)
    messages.edit(person=cast.bob, message=id, text="look here")
    _carry(cast)
    reactions.add(person=cast.amy, message=id, emoji="👍")
    _carry(cast)
    reactions.remove(person=cast.amy, message=id, emoji="👍")
    _carry(cast)
    pins.pin(person=cast.amy, message=id)
    _carry(cast)
    messages.delete(person=cast.bob, message=id)
    _carry(cast)
    message, edit, reaction, taken_back, pin, deletion = (one.mail for one in sink.of(GUS)[1:])
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("plan.pdf", b"%PDF-1.4")
    about = message["Message-ID"]
    assert (edit["Chat-Edit"], edit["Chat-Content"]) == (about, "editrequest")
    assert (deletion["Chat-Delete"], deletion["Chat-Content"]) == (about, "deleterequest")
    assert {one["In-Reply-To"] for one in (edit, reaction, taken_back, pin, deletion)} == {about}
    assert "👍" in sink.of(GUS)[3].text and "took a reaction back" in taken_back.as_string()
    assert "pinned: look here" in sink.of(GUS)[5].text and "Bob deleted" in sink.of(GUS)[6].text


def test_an_answer_quotes_the_first_words_of_its_thread(cast: Cast, sink: Sink) -> None:
    _invite(cast)
    root = _post(cast, "Shall we *meet*?\n\n" + "More. " * 30)
    _post(cast, "yes", thread=root)
    _post(cast, "- in\n- time", thread=root)
    _carry(cast)
    _, plain, rich = (one.mail for one in sink.of(GUS)[1:])
    assert sink.of(GUS)[2].text == "> Shall we meet?\r\n\r\nyes" and plain.get_content_type() == "text/plain"
    assert "<blockquote>Shall we meet?</blockquote>\n<ul>" in rich.as_string()


def test_a_reaction_tells_of_all_others_the_latest_first(cast: Cast, sink: Sink) -> None:
    """What came from an address before is over, and the channel has one."""
    gus, _hal = _invite(cast), _invite(cast, HAL)
    id = _post(cast, "Cake?")
    _carry(cast)
    for who, emoji in ((gus, "🎂"), (cast.amy, "👍"), (cast.bob, "🎉"), (cast.alice, "👍")):
        reactions.add(person=who, message=id, emoji=emoji)
        _carry(cast)
    reactions.remove(person=cast.alice, message=id, emoji="👍")
    _carry(cast)
    assert [one.text for one in sink.of(GUS)[2:]] == ["👍", "🎉 👍", "👍 🎉", "🎉 👍"]
    assert [one.text for one in sink.of(HAL)[2:]] == ["🎂", "👍 🎂", "🎉 👍 🎂", "👍 🎉 🎂", "🎉 👍 🎂"]
    assert "Alice took a reaction back: Cake?" in sink.of(GUS)[-1].mail.as_string()


@pytest.mark.parametrize(
    ("text", "type", "is_voice"), [("", "audio/ogg", True), ("listen", "audio/ogg", False), ("", "video/ogg", False)]
)
def test_sound_alone_is_a_voice_note(cast: Cast, sink: Sink, text: str, type: str, is_voice: bool) -> None:
    _invite(cast)
    stored = uploads.store(uploader=cast.bob, name="a.ogg", chunks=[b"OggS" + bytes(60)], declared_type=type)
    _post(cast, text, files=[stored.id])
    _carry(cast)
    mail = sink.of(GUS)[1].mail
    assert mail["Chat-Voice-Message"] == ("1" if is_voice else None)
    assert [part.get_content_type() for part in mail.iter_attachments()] == [type]


def test_what_changed_before_it_was_sent_is_sent_as_it_is(cast: Cast, sink: Sink) -> None:
    _invite(cast)
    edited, gone = _post(cast, "frist"), _post(cast, "oops")
    messages.edit(person=cast.bob, message=edited, text="first")
    messages.delete(person=cast.bob, message=gone)
    _carry(cast)
    assert _texts(sink) == ["first"]


def test_nobody_is_told_of_what_they_did_themselves(cast: Cast, sink: Sink) -> None:
    gus, _hal = _invite(cast), _invite(cast, HAL)
    mine = messages.post(person=gus, channel=cast.general.id, text="mine", origin="mail", external_id="<g1@g.test>")
    reactions.add(person=gus, message=mine.message["id"], emoji="👍")
    _post(cast, "an answer", thread=mine.message["id"])
    _carry(cast)
    (answer,) = sink.of(GUS)[1:]
    assert (answer.text, answer.mail["In-Reply-To"]) == ("> mine\r\n\r\nan answer", "<g1@g.test>")
    assert _texts(sink, HAL)[0] == "mine" and sink.of(HAL)[1].mail["Message-ID"] == "<g1@g.test>"


def test_only_the_channel_and_only_its_guests(cast: Cast, sink: Sink) -> None:
    _invite(cast)
    messages.post(person=cast.bob, channel=cast.secret.id, text="psst")
    _carry(cast)
    assert {one.to for one in sink.taken} == {GUS} and len(sink.taken) == 1


def test_who_goes_gets_one_goodbye(cast: Cast, sink: Sink) -> None:
    gus = _invite(cast)
    _carry(cast)
    guests.leave(guest=gus, channel=cast.general.id)
    _post(cast, "after")
    _carry(cast)
    assert len(sink.of(GUS)) == 2 and "no longer take part" in sink.of(GUS)[1].text
    assert not Lane.objects.filter(subscriber__startswith="guest:").exists()
    _invite(cast)
    _carry(cast)
    assert "has invited you" in sink.of(GUS)[2].text


def test_a_deleted_channel_says_goodbye(cast: Cast, sink: Sink) -> None:
    _invite(cast)
    _carry(cast)
    channels.delete(person=cast.alice, channel=cast.general.id)
    _carry(cast)
    assert "no longer take part" in sink.of(GUS)[-1].text


def test_one_trouble_is_nobody_elses(cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "pause_after", lambda attempts: 60.0)
    _invite(cast), _invite(cast, HAL)
    _carry(cast)
    sink.answers[GUS] = "451 greylisted"
    for text in ("one", "two"):
        _post(cast, text)
        _carry(cast)
    assert _texts(sink, HAL) == ["one", "two"] and _texts(sink) == []
    lane = Lane.objects.get(subscriber=guests.lane_of(Person.objects.get(email=GUS).id))
    assert lane.attempts == 1 and "greylisted" in lane.why and lane.due > timezone.now()
    del sink.answers[GUS]
    _rest(cast.general.stream)
    _carry(cast)
    assert _texts(sink) == ["one", "two"]


@pytest.mark.parametrize(("death", "copies"), [("die", 1), ("die after", 2)])
def test_a_server_that_dies_in_data(cast: Cast, sink: Sink, death: str, copies: int) -> None:
    """A double only where the mail was taken and the connection died before its answer."""
    _invite(cast)
    _carry(cast)
    sink.after[GUS] = death
    _post(cast, "one")
    _carry(cast)
    sink.after.clear()
    _post(cast, "two")
    _rest(cast.general.stream)
    _carry(cast)
    assert _texts(sink) == [*["one"] * copies, "two"]
    assert len({one.mail["Message-ID"] for one in sink.of(GUS)}) == 3


def test_an_address_that_refuses_for_good_is_given_up(cast: Cast, sink: Sink) -> None:
    gus = _invite(cast)
    _carry(cast)
    sink.after[GUS] = "554 no"
    for text in ("one", "two"):
        _post(cast, text)
        _carry(cast)
    sink.after.clear()
    _post(cast, "three")
    _carry(cast)
    assert Mailbox.objects.get(person=gus).failures == 0
    sink.answers[GUS] = "550 no such user"
    for text in ("four", "five", "six", "seven"):
        _post(cast, text)
        _carry(cast)
    assert Seat.objects.get().delivery == Seat.Delivery.PAUSED
    (failed,) = Event.objects.filter(kind="delivery.failed")
    assert failed.payload == {"person": gus.id, "why": "550 no such user"}
    assert _texts(sink) == ["three"]


def test_no_relay_at_all_only_waits(cast: Cast, sink: Sink, settings: Settings) -> None:
    settings.SMTP_URL = "smtp://127.0.0.1:1"
    _invite(cast)
    _carry(cast)
    assert "relay" in Lane.objects.get(subscriber__startswith="guest:").why
    settings.SMTP_URL = sink.url
    _rest(cast.general.stream)
    _carry(cast)
    assert len(sink.taken) == 1


def test_mentions_only(cast: Cast, sink: Sink) -> None:
    gus = _invite(cast)
    mine = messages.post(person=gus, channel=cast.general.id, text="mine").message["id"]
    guests.choose(guest=gus, channel=cast.general.id, delivery="mentions")
    for text, more in (("nothing", {}), ("for @gus", {}), ("an answer", {"thread": mine}), ("hey @channel", {})):
        _post(cast, text, **more)
    _carry(cast)
    assert _texts(sink) == ["for @gus", "> mine\r\n\r\nan answer", "hey @channel"]


def test_paused_and_on_again(cast: Cast, sink: Sink) -> None:
    gus = _invite(cast)
    guests.choose(guest=gus, channel=cast.general.id, delivery="paused")
    _post(cast, "nothing")
    _carry(cast)
    guests.choose(guest=gus, channel=cast.general.id, delivery="every")
    _post(cast, "again")
    _carry(cast)
    assert _texts(sink) == ["again"]


def test_a_digest_gathers_threads(cast: Cast, sink: Sink) -> None:
    gus = _invite(cast)
    old = _post(cast, "an old question")
    _carry(cast)
    guests.choose(guest=gus, channel=cast.general.id, delivery="hourly")
    root = _post(cast, "a new *question*")
    _post(cast, "in between", "amy")
    _post(cast, "its answer", "alice", thread=root)
    _post(cast, "late answer", "amy", thread=old)
    _carry(cast)
    assert _texts(sink) == ["an old question"]
    assert Lane.objects.get(subscriber__startswith="guest:").why == rounds.DIGEST
    Event.objects.filter(kind="message.posted").update(at=timezone.now() - timedelta(hours=2))
    _rest(cast.general.stream)
    _carry(cast)
    (digest,) = sink.of(GUS)[2:]
    assert digest.mail["Subject"] == "[general] 4 new messages"
    order = [digest.text.index(words) for words in ("a new *question*", "its answer", "in between", "late answer")]
    assert order == sorted(order) and "In answer to Bob: an old question" in digest.text
    _carry(cast)
    assert len(sink.taken) == 3


def test_who_wants_each_mail_again_does_not_wait_for_the_digest(cast: Cast, sink: Sink) -> None:
    gus = _invite(cast)
    guests.choose(guest=gus, channel=cast.general.id, delivery="daily")
    _post(cast, "news")
    _carry(cast)
    assert _texts(sink) == []
    guests.choose(guest=gus, channel=cast.general.id, delivery="every")
    _carry(cast)
    assert _texts(sink) == ["news"]


@pytest.mark.parametrize(
    ("delivery", "moment", "due"),
    [
        ("hourly", "2026-03-01T10:00:00", "2026-03-01T11:00:00"),
        ("hourly", "2026-03-01T23:59:59", "2026-03-02T00:00:00"),
        ("daily", "2026-03-01T06:59:00", "2026-03-01T07:00:00"),
        ("daily", "2026-03-01T07:00:00", "2026-03-02T07:00:00"),
    ],
)
def test_when_a_digest_goes_out(delivery: str, moment: str, due: str) -> None:
    given, expected = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (moment, due))
    assert rounds.hour_after(given, delivery) == expected


def test_someone_deactivated_gets_nothing_more(cast: Cast, sink: Sink) -> None:
    gus = _invite(cast)
    _carry(cast)
    persons.change(person=gus, by=cast.alice, active=False)
    _post(cast, "secret by now")
    _carry(cast)
    assert not re.search("secret", "".join(one.text for one in sink.taken))
    persons.change(person=Person.objects.get(id=gus.id), by=cast.alice, active=True)
    _carry(cast)
    assert "has invited you" in sink.of(GUS)[-1].text


def test_a_worker_that_died_gives_its_lanes_back(cast: Cast, sink: Sink) -> None:
    _invite(cast)
    assert len(rounds.gather(cast.general.stream, 100)) == 1
    assert rounds.gather(cast.general.stream, 100) == []
    _rest(cast.general.stream)
    _carry(cast)
    assert len(sink.taken) == 1 and Message.objects.count() == 0
    assert (
        log.heads([cast.general.stream])[cast.general.stream] == Lane.objects.get(subscriber__startswith="guest").cursor
    )


def test_a_lease_is_kept_while_its_mail_is_under_way(cast: Cast, sink: Sink) -> None:
    _invite(cast)
    (round,) = rounds.gather(cast.general.stream, 100)
    lanes.renew([round.lane.id], seconds=60)
    assert Lane.objects.get(id=round.lane.id).due > timezone.now() + timedelta(seconds=50)
    lanes.move([lanes.Step(round.lane.id, round.lane.cursor)])
    lanes.renew([round.lane.id], seconds=60)
    assert Lane.objects.get(id=round.lane.id).due <= timezone.now()


def test_who_stops_finishes_what_is_under_way(cast: Cast, sink: Sink) -> None:
    _invite(cast)
    _carry(cast)
    for text in ("one", "two", "three"):
        _post(cast, text)

    async def run() -> None:
        postman = Postman(lambda stream: None)
        await postman.carry(cast.general.stream)
        await postman.close()

    asyncio.run(run())
    assert len(_texts(sink)) < 3
    _rest(cast.general.stream)
    _carry(cast)
    assert _texts(sink) == ["one", "two", "three"]


def test_a_dead_address_gets_no_more_of_what_was_under_way(cast: Cast, sink: Sink) -> None:
    gus = _invite(cast)
    _carry(cast)
    sink.after[GUS] = "554 no"
    for number in range(6):
        _post(cast, f"post {number}")
    _carry(cast)
    assert Mailbox.objects.get(person=gus).failures == 3
    assert Seat.objects.get().delivery == Seat.Delivery.PAUSED


# Files that are too big

LINK = re.compile(r"http://\S+?/files/\S+?(?=[\s\"])")


def _picture(side: int) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((side, side), 90).save(out, "PNG")
    return out.getvalue()


def test_what_is_too_big_for_mail_is_a_link(cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(big_files, "FILES_BYTES", 10)
    monkeypatch.setattr(rounds, "BYTES_AT_ONCE", 10)
    _invite(cast), _invite(cast, HAL)
    for number in range(2):
        names = (("small.txt", b"small"), ("film.mp4", b"a long film"))
        files = [uploads.store(uploader=cast.bob, name=name, chunks=[content]).id for name, content in names]
        _post(cast, f"look *{number}*", files=files)
    _carry(cast)
    until = f"{file_links.until(timezone.now()):%d %B %Y}"
    for number, one in enumerate(sink.of(GUS)[1:]):
        (link,) = LINK.findall(f"{one.text} ")
        assert one.text.splitlines() == [
            f"look *{number}*", "", f"Too big to come by mail. Until {until} here:", "", "film.mp4 (1 kB)", link,
        ]  # fmt: skip
        html = one.mail.get_body(("html",))
        assert html is not None and f'<a href="{link}">film.mp4 (1 kB)</a>' in html.get_content()
        assert [part.get_filename() for part in one.mail.iter_attachments()] == ["small.txt"]
        assert body(_fetch(link)) == b"a long film"
        assert link not in sink.of(HAL)[1 + number].text
        assert verifies(one.raw, signing.key())
        assert_travels(one.raw)


def test_a_big_picture_is_seen_small(cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(big_files, "FILES_BYTES", 10)
    _invite(cast)
    files = [uploads.store(uploader=cast.bob, name=name, chunks=[_picture(900)]).id for name in ("a<b>.png", "c.png")]
    _post(cast, "", files=files)
    _carry(cast)
    mail = sink.of(GUS)[1].mail
    assert mail.get_content_type() == "multipart/related"
    text, picture = mail.iter_parts()
    assert isinstance(picture, EmailMessage) and isinstance(text, EmailMessage)
    assert (picture.get_content_type(), picture["Chat-Content"]) == ("image/jpeg", "preview")
    with Image.open(io.BytesIO(picture.get_content())) as shown:
        assert shown.size == (720, 720)
    html = text.get_body(("html",))
    assert (
        html is not None and f'<img src="cid:{picture["Content-ID"][1:-1]}" alt="a&lt;b&gt;.png"' in html.get_content()
    )
    assert len(LINK.findall(html.get_content())) == 2
    parsed = parse(sink.of(GUS)[1].raw)
    assert [(file.preview, file.type) for file in parsed.attachments] == [(True, "image/jpeg")]
    assert parsed.defects == ()


def test_a_digest_links_files(cast: Cast, sink: Sink) -> None:
    gus = _invite(cast)
    guests.choose(guest=gus, channel=cast.general.id, delivery="hourly")
    file = uploads.store(uploader=cast.bob, name="plan.pdf", chunks=[b"%PDF-1.4"]).id
    _post(cast, "The plan", files=[file])
    Event.objects.filter(kind="message.posted").update(at=timezone.now() - timedelta(hours=2))
    _carry(cast)
    (link,) = LINK.findall(f"{sink.of(GUS)[-1].text} ")
    assert sink.of(GUS)[-1].text.splitlines()[-2:] == ["📎 plan.pdf (1 kB)", link]
    assert body(_fetch(link)) == b"%PDF-1.4"


def test_a_link_ends_with_what_it_leads_to(cast: Cast, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(big_files, "FILES_BYTES", 1)
    gus = _invite(cast)
    ids, links = [], []
    for number in range(2):
        file = uploads.store(uploader=cast.bob, name="film.mp4", chunks=[b"a long film"]).id
        ids.append(_post(cast, f"look {number}", files=[file]))
        _carry(cast)
        links += LINK.findall(f"{sink.of(GUS)[-1].text} ")
    first, second = links
    assert [_fetch(link).status_code for link in links] == [200, 200]
    messages.delete(person=cast.bob, message=ids[0])
    assert [_fetch(link).status_code for link in links] == [410, 200]
    gone = body(_fetch(first)).decode()
    assert "deleted" in gone and gone.startswith("<!DOCTYPE")
    guests.leave(guest=gus, channel=cast.general.id)
    assert _fetch(second).status_code == 410
    _invite(cast)
    assert _fetch(second).status_code == 200
    persons.change(person=Person.objects.get(email=GUS), by=cast.alice, active=False)
    assert _fetch(second).status_code == 410


def _fetch(link: str) -> Any:
    return Client(enforce_csrf_checks=True).get("/files/" + link.partition("/files/")[2])


def test_all_that_leaves_is_signed(cast: Cast, sink: Sink) -> None:
    _invite(cast), _invite(cast, HAL)
    _post(cast, "Hello **all**")
    _carry(cast)
    assert len(sink.taken) == 4 and all(verifies(one.raw, signing.key()) for one in sink.taken)
    assert not verifies(sink.taken[0].raw.replace(b"Reply-To: <", b"Reply-To: <x", 1), signing.key())


def test_without_a_key_mail_waits_and_says_why(cast: Cast, sink: Sink, settings: Settings, tmp_path: Path) -> None:
    gus = _invite(cast)
    settings.DKIM_KEY = tmp_path / "none.pem"
    _carry(cast)
    lane = Lane.objects.get(subscriber=guests.lane_of(gus.id))
    assert not sink.taken and "DKIM_KEY" in lane.why and "none.pem" in lane.why
