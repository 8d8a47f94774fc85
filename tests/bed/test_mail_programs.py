"""From the invitation to the goodbye, with the programs that people have, through real mailboxes."""

from __future__ import annotations

import smtplib

import pytest
from django.utils import timezone

from channels_app.chat import guests, messages, reactions
from channels_app.chat.models import Attachment, Message, Seat
from channels_app.guests.sending import rounds
from tests.bed.bed import Bed
from tests.bed.programs import PROGRAMS, Program
from tests.bed.providers import Attached
from tests.cast import Cast
from tests.operate.house import until
from workspace.events.models import Lane

pytestmark = [pytest.mark.xdist_group("bed"), pytest.mark.usefixtures("roost")]
each_program = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())


def _say(cast: Cast, text: str, who: str = "bob", thread: str | None = None) -> str:
    return messages.post(person=cast.named(who), channel=cast.general.id, text=text, thread=thread).message["id"]


def _latest(cast: Cast) -> Message:
    return Message.objects.filter(channel=cast.general).select_related("author").latest("seq")


@each_program
def test_from_the_invitation_to_the_goodbye(
    bed: Bed, cast: Cast, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    gus = bed.provider("b.test").account("gus")
    guests.invite(person=cast.bob, channel=cast.general.id, email=gus.address, name="Gus")
    (welcome,) = gus.gets(1)
    assert "Bob has invited you" in welcome.text

    root = _say(cast, "Where shall we meet?")
    question = gus.gets(2)[1]
    mine = program.answer(gus, question, "At the station,\nat noon.")
    row = _latest(cast)
    assert (row.author.name, row.thread_id, row.external_id) == ("Gus", root, mine)
    assert row.text == "At the station,\nat noon." and "Where shall we meet?" in (row.quoted or "")

    _say(cast, "Which platform?", "amy", root)
    again = gus.gets(3)[2]
    first = str(question.mail["Message-ID"])
    assert (again.mail["In-Reply-To"], again.mail["References"]) == (first, first)
    assert str(again.mail["Subject"]) == f"Re: {question.mail['Subject']}"
    program.answer(gus, again, "Platform 2", [Attached("plan.pdf", b"%PDF-1.4", "application/pdf")])
    row = _latest(cast)
    assert (row.text, row.thread_id) == ("Platform 2", root)
    assert [one.file.name for one in Attachment.objects.filter(message=row)] == ["plan.pdf"]

    reactions.add(person=cast.amy, message=row.id, emoji="👍")
    reaction = gus.gets(4)[3]
    shown = reaction.mail.get_body(("html",))
    assert shown is not None and "Amy Admin reacted with 👍: Platform 2" in shown.get_content()

    program.answer(gus, question, "digest hourly")
    assert Seat.objects.get(membership__person__email=gus.address).delivery == "hourly"
    _say(cast, "One thing")
    _say(cast, "And another", "amy")
    until(lambda: Lane.objects.filter(stream=cast.general.stream, why=rounds.DIGEST).exists(), 20)
    monkeypatch.setattr(rounds, "hour_after", lambda moment, delivery: moment)
    Lane.objects.filter(stream=cast.general.stream).update(due=timezone.now())
    digest = gus.gets(5)[4]
    assert digest.mail["Subject"] == "[general] 2 new messages" and digest.mail["Auto-Submitted"] == "auto-generated"
    assert "One thing" in digest.text and "Amy Admin" in digest.text

    program.answer(gus, digest, "leave")
    until(lambda: "This is the last mail" in " ".join(gus.inbox()[-1].text.split()), 20)
    with pytest.raises(smtplib.SMTPDataError, match="take part"):
        program.answer(gus, question, "One more thing")
    assert not Seat.objects.filter(membership__person__email=gus.address).exists()
