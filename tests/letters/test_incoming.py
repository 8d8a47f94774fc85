"""What a mail asks for is done in its sender's name, and shows by which carrier it came."""

from __future__ import annotations

import pytest

from channels_app.chat import messages, posting
from channels_app.chat.models import Message
from channels_app.letters import incoming
from channels_app.letters.outgoing import own_id
from channels_app.letters.targets import Targets
from channels_app.letters.unwanted import Unwanted, check
from channels_app.mail import Parsed, parse
from tests.cast import Cast
from workspace.events.models import Event
from workspace.events.refusal import Forbidden


def _mail(text: str, *headers: str) -> Parsed:
    head = ["From: bob@a.test", "MIME-Version: 1.0", *headers, "Content-Type: text/plain; charset=utf-8"]
    return parse("\r\n".join([*head, "", text, ""]).encode())


def _posted(cast: Cast, parsed: Parsed, thread: str | None = None) -> Message:
    what = incoming.posting_of(
        parsed, person=cast.bob, channel=cast.general.id, thread=thread, client_id="mail:1", origin="mail"
    )
    (outcome,) = posting.post_many([what])
    assert isinstance(outcome, posting.Posted)
    return Message.objects.get(id=outcome.message["id"])


def test_a_mail_is_a_post_in_the_thread_it_answers(cast: Cast) -> None:
    root = messages.post(person=cast.alice, channel=cast.general.id, text="Lunch?").message["id"]
    elsewhere = messages.post(person=cast.alice, channel=cast.secret.id, text="Cake").message["id"]
    hidden, known = own_id(cast.secret.id, elsewhere), own_id(cast.general.id, root)
    mail = _mail("Yes.", "Message-ID: <m1@b.test>", f"In-Reply-To: {hidden}", f"References: {known} {hidden}")
    answer = _mail("With soup.", "In-Reply-To: <m1@b.test>")
    targets = Targets(cast.general, [mail, answer])
    assert (targets.find(mail), targets.find(answer)) == (root, None)
    row = _posted(cast, mail, targets.find(mail))
    assert (row.text, row.thread_id, row.origin, row.external_id) == ("Yes.", root, "mail", "<m1@b.test>")
    targets.learn("<m1@b.test>", row.id)
    assert targets.find(answer) == Targets(cast.general, [answer]).find(answer) == row.id


def test_a_mail_without_a_text_says_its_subject(cast: Cast) -> None:
    assert _posted(cast, _mail("", "Subject: On my way")).text == "On my way"


def test_what_is_done_to_a_message_has_the_origin_of_its_mail(cast: Cast) -> None:
    mine = messages.post(person=cast.bob, channel=cast.general.id, text="frist").message["id"]
    edit, delete = (_mail("first", f"Chat-Content: {kind}") for kind in ("editrequest", "deleterequest"))
    reaction = _mail("🎉", "Content-Disposition: reaction")
    for parsed in (reaction, edit, delete):
        assert incoming.act(parsed, mine, person=cast.bob, origin="mail")
    done = Event.objects.filter(stream=cast.general.stream, origin="mail").order_by("seq")
    assert list(done.values_list("kind", flat=True)) == ["reaction.added", "message.edited", "message.deleted"]
    assert not incoming.act(_mail("hello"), mine, person=cast.bob, origin="mail")


def test_nobody_changes_what_is_not_theirs_or_not_here(cast: Cast) -> None:
    hers = messages.post(person=cast.alice, channel=cast.general.id, text="hers").message["id"]
    edit = _mail("mine now", "Chat-Content: editrequest")
    with pytest.raises(Forbidden):
        incoming.act(edit, hers, person=cast.bob, origin="mail")
    for parsed in (edit, _mail("🎉", "Content-Disposition: reaction"), _mail("x", "Chat-Content: ignore")):
        with pytest.raises(Unwanted):
            incoming.act(parsed, None, person=cast.bob, origin="mail")


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied", "From: alice@a.test", "X-Failed-Recipients: x@y.z"])
def test_forgeries_and_what_no_person_wrote_are_unwanted(header: str) -> None:
    check(_mail("hello"))
    with pytest.raises(Unwanted):
        check(_mail("hello", header))


def test_the_same_mail_is_another_message_in_another_channel_or_by_another_carrier() -> None:
    ids = {incoming.client_id(b"x", channel=c, origin=o) for c in ("A", "B") for o in ("imap", "mail")}
    assert len(ids) == 4 and all(len(id) <= posting.CLIENT_ID_LIMIT for id in ids)
