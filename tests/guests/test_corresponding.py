"""A stranger who was accepted gets the answers of a person, in the thread of their own mail, and nothing before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from channels_app.chat import channels, guests, messages
from channels_app.chat.models import Channel
from channels_app.guests import requests
from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.sending.postman import Postman
from tests.cast import Cast
from tests.guests.post import Post, vouched
from tests.guests.sink import Sink, Taken, running_sink

pytestmark = pytest.mark.django_db(transaction=True)
EVE = "eve@e.test"


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    with running_sink() as sink:
        settings.SMTP_URL = sink.url
        yield sink


def _accepted(cast: Cast, subject: str = "Chairs") -> Channel:
    raw = f"From: Eve <{EVE}>\r\nSubject: {subject}\r\nMessage-ID: <1@e.test>\r\n\r\nDo you sell chairs?\r\n".encode()
    request = requests.receive(person=cast.bob, mail=Arrived(raw, EVE))
    return requests.accept(person=cast.bob, request=request.id)


def _carry(channel: Channel) -> None:
    async def run() -> None:
        again = {channel.stream}
        postman = Postman(again.add)
        while again:
            await postman.carry(again.pop())
            await postman.settled()
        await postman.close()

    asyncio.run(run())


def _say(cast: Cast, channel: Channel, text: str, thread: str | None = None) -> str:
    return messages.post(person=cast.bob, channel=channel.id, text=text, thread=thread).message["id"]


def _threads(mail: Taken) -> tuple[str, str, str]:
    return str(mail.mail["Subject"]), str(mail.mail["In-Reply-To"]), str(mail.mail["References"])


def test_nothing_before_a_person_answers(cast: Cast, sink: Sink) -> None:
    channel = _accepted(cast)
    _carry(channel)
    assert sink.of(EVE) == []
    _say(cast, channel, "We do, *red* ones.")
    _carry(channel)
    (answer,) = sink.of(EVE)
    assert answer.text == "We do, *red* ones."
    assert _threads(answer) == ("Re: Chairs", "<1@e.test>", "<1@e.test>")
    assert str(answer.mail["From"]).startswith(f'"Bob ({cast.acme.name})" <')
    assert answer.mail["Auto-Submitted"] is None
    assert answer.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_answer_is_to_their_last_mail(cast: Cast, sink: Sink) -> None:
    channel = _accepted(cast)
    first = _say(cast, channel, "We do.")
    _carry(channel)
    (answer,) = sink.of(EVE)
    post = Post(cast)
    again = post.mail(
        "How much?", f"Eve <{EVE}>", subject="Re: Chairs, and tables", message_id="<2@e.test>",
        in_reply_to=str(answer.mail["Message-ID"]),
    )  # fmt: skip
    assert post.give(again, to=str(answer.mail["Reply-To"]), sender=EVE).code == 250
    _say(cast, channel, "Ten each.")
    _say(cast, channel, "Delivered.")
    messages.edit(person=cast.bob, message=first, text="We do!")
    _say(cast, channel, "In a thread", thread=first)
    _carry(channel)
    _, ten, delivered, edit, thread = sink.of(EVE)
    assert _threads(ten) == ("Re: Chairs, and tables", "<2@e.test>", "<2@e.test>")
    assert _threads(delivered) == _threads(ten)
    assert edit.mail["Subject"] == "Re: Chairs"
    assert _threads(thread) == ("Re: Chairs", answer.mail["Message-ID"], answer.mail["Message-ID"])


def test_a_subject_like_a_channels_is_no_channels(cast: Cast, sink: Sink) -> None:
    channel = _accepted(cast, "[general] Chairs")
    _say(cast, channel, "We do.")
    _carry(channel)
    assert sink.of(EVE)[0].mail["Subject"] == "Re: [Direct message] [general] Chairs"


def test_who_did_not_write_first_is_welcomed(cast: Cast, sink: Sink) -> None:
    guests.invite(person=cast.bob, channel=cast.general.id, email=EVE)
    channel = guests.talk(person=cast.bob, email=EVE)
    _say(cast, channel, "Hello")
    _carry(channel)
    welcome, said = sink.of(EVE)
    assert welcome.mail["Auto-Submitted"] == "auto-generated"
    assert said.mail["Subject"] == "[Direct message] Hello" and said.mail["In-Reply-To"] is None


def test_in_a_channel_nothing_is_answered_that_was_not(cast: Cast, sink: Sink) -> None:
    guests.invite(person=cast.bob, channel=cast.general.id, email="dana@d.test")
    post = Post(cast)
    assert post.write(subject="Lunch", message_id="<1@d.test>", **vouched()).code == 250
    messages.post(person=cast.bob, channel=cast.general.id, text="Other things")
    _carry(cast.general)
    _, said = sink.of("dana@d.test")
    assert said.mail["Subject"] == "[general] Other things" and said.mail["In-Reply-To"] is None


def test_a_member_reads_it_here_and_leaving_works_there(cast: Cast, sink: Sink) -> None:
    channel = _accepted(cast)
    post = Post(cast)
    _say(cast, channel, "We do.")
    _carry(channel)
    (answer,) = sink.of(EVE)
    leave = post.mail("leave", f"Eve <{EVE}>", in_reply_to=str(answer.mail["Message-ID"]))
    assert post.give(leave, to=str(answer.mail["Reply-To"]), sender=EVE).code == 250
    _say(cast, channel, "Are you there?")
    _carry(channel)
    assert len(sink.of(EVE)) == 1
    assert channels.direct(person=cast.bob, members=[])[0] != channel
