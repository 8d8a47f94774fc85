"""What a mail for a channel's address becomes: by whom it is, decided by the signed address, From, and who vouches."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import OperationalError
from pytest_django import Settings

from channels_app.chat import channels, guests, messages, reactions
from channels_app.chat.models import Membership, Message, Reaction, Seat
from channels_app.guests import addresses, inwards
from channels_app.guests.models import Mailbox, Subject
from channels_app.letters.models import Quarantined
from channels_app.letters.outgoing import own_id
from channels_app.mail import event_id
from tests.cast import Cast
from workspace.people.models import Person

GUS = "gus@g.test"
VOUCHED = "Authentication-Results: mx.acme.test; dmarc=pass header.from={domain}"
pytestmark = pytest.mark.django_db


@pytest.fixture
def gus(cast: Cast, settings: Settings) -> Person:
    cache.clear()
    settings.TRUSTED_AUTHSERV = ["mx.acme.test"]
    return guests.invite(person=cast.bob, channel=cast.general.id, email=GUS, name="Gus").membership.person


def _hand_in(
    to: str, text: str, *headers: str, sender: str = GUS, envelope: str | None = None, raw: bytes | None = None
) -> int:
    head = [f"From: {sender}", f"To: {to}", *headers, "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"]
    mail = raw if raw is not None else "\r\n".join([*head, "", text, ""]).encode()
    return inwards.take_in(mail, recipient=to, sender=sender if envelope is None else envelope).code


def _signed(cast: Cast, gus: Person) -> str:
    return addresses.reply_to(cast.general, gus.id)


def _last(cast: Cast) -> Message:
    return Message.objects.filter(channel=cast.general).latest("seq")


def _kept() -> list[str]:
    return list(Quarantined.objects.order_by("id").values_list("why", flat=True))


def test_an_answer_lands_in_its_thread_without_what_it_quotes(cast: Cast, gus: Person) -> None:
    root = messages.post(person=cast.bob, channel=cast.general.id, text="Lunch?").message["id"]
    to, about = _signed(cast, gus), own_id(cast.general.id, root)
    text = "Yes, gladly.\r\n\r\nOn Mon, 2 Mar 2026 Bob (Acme) <x@y> wrote:\r\n> Lunch?\r\n"
    assert _hand_in(to, text, "Message-ID: <1@g.test>", f"In-Reply-To: {about}", "Subject: Re: [general] Lunch?") == 250
    row = _last(cast)
    assert (row.text, row.thread_id, row.author_id, row.origin) == ("Yes, gladly.", root, gus.id, "mail")
    assert row.external_id == "<1@g.test>" and "> Lunch?" in (row.quoted or "")


def test_a_mail_that_comes_again_is_one_post(cast: Cast, gus: Person) -> None:
    to = _signed(cast, gus)
    for _ in range(2):
        assert _hand_in(to, "once", "Message-ID: <1@g.test>") == 250
    for trace in ("Received: from a by b\r\n\tfor c", "Received: from d by e"):
        assert _hand_in(to, "without an id", trace) == 250
    assert list(Message.objects.order_by("seq").values_list("text", flat=True)) == ["once", "without an id"]


def test_who_it_is(cast: Cast, gus: Person) -> None:
    signed, open_ = _signed(cast, gus), f"general@{cast.acme.slug}.roost.localhost"
    elsewhere = addresses.reply_to(cast.secret, gus.id)
    assert _hand_in(signed.upper(), "shouted") == 250
    assert _hand_in(signed, "not me", sender="eve@e.test") == 250
    assert _hand_in(elsewhere, "another channel") == 550
    assert _hand_in(signed.replace("+r", "+raaaa", 1)[: len(signed)], "forged") == 550
    assert _hand_in(open_, "unsigned") == 250
    assert _hand_in(open_, "vouched", VOUCHED.format(domain="g.test")) == 250
    assert _hand_in(open_, "a member", VOUCHED.format(domain="a.test"), sender="bob@a.test") == 250
    assert _hand_in(open_, "forged", VOUCHED.format(domain="evil.test"), sender="bob@a.test") == 250
    assert _hand_in(open_, "stranger", VOUCHED.format(domain="e.test"), sender="eve@e.test") == 550
    assert _hand_in(signed, "fails", "Authentication-Results: mx.acme.test; dmarc=fail header.from=g.test") == 550
    posted = list(Message.objects.order_by("seq").values_list("text", "author__email"))
    assert posted == [("shouted", GUS), ("vouched", GUS), ("a member", "bob@a.test")]
    assert [why.split()[0] for why in _kept()] == ["somebody", "no", "no"]


def test_each_organization_is_a_world_of_its_own(cast: Cast, gus: Person) -> None:
    theirs = channels.create(person=cast.charlie, name="general", kind="public")
    local, _, _ = _signed(cast, gus).partition("@")
    assert _hand_in(f"{local}@{cast.other.slug}.roost.localhost", "in") == 550
    vouched = VOUCHED.format(domain="g.test")
    assert _hand_in(f"general@{cast.other.slug}.roost.localhost", "in", vouched) == 550
    assert not Message.objects.filter(channel=theirs).exists()


@pytest.mark.parametrize(
    "to", ["general@nowhere.roost.localhost", "nothing@{slug}.roost.localhost", "general@e.test", "x"]
)
def test_what_is_no_channel(cast: Cast, gus: Person, to: str) -> None:
    assert _hand_in(to.format(slug=cast.acme.slug), "hello") == 550


def test_a_renamed_channel_is_still_reached(cast: Cast, gus: Person) -> None:
    to = _signed(cast, gus)
    channels.change(person=cast.alice, channel=cast.general.id, name="lounge")
    assert _hand_in(to, "still here") == 250
    assert _last(cast).text == "still here"
    channels.archive(person=cast.alice, channel=cast.general.id)
    assert _hand_in(to, "too late") == 550
    guests.leave(guest=gus, channel=cast.general.id)
    assert _hand_in(to, "I am out") == 550


def test_reactions_edits_and_deletions(cast: Cast, gus: Person) -> None:
    to = _signed(cast, gus)
    root = messages.post(person=cast.bob, channel=cast.general.id, text="Lunch?").message["id"]
    about = f"In-Reply-To: {own_id(cast.general.id, root)}"
    assert _hand_in(to, "👍", about, "Content-Disposition: reaction", "Chat-Version: 1.0") == 250
    assert list(Reaction.objects.values_list("message", "person", "emoji")) == [(root, gus.id, "👍")]
    assert _hand_in(to, "mine", "Message-ID: <1@g.test>") == 250
    assert _hand_in(to, "✏️mine now", "Chat-Edit: <1@g.test>", "Chat-Version: 1.0") == 250
    mine = Message.objects.get(external_id="<1@g.test>")
    assert mine.text == "mine now" and mine.edited_at
    assert _hand_in(to, "x", f"Chat-Edit: {own_id(cast.general.id, root)}", "Chat-Version: 1.0") == 550
    assert _hand_in(to, "x", f"Chat-Delete: {own_id(cast.general.id, root)}", "Chat-Version: 1.0") == 550
    assert _hand_in(to, "x", "Chat-Delete: <1@g.test>", "Chat-Version: 1.0") == 250
    assert Message.objects.get(id=mine.id).deleted_at and not Message.objects.get(id=root).deleted_at


def test_what_a_mail_answers(cast: Cast, gus: Person) -> None:
    to = _signed(cast, gus)
    root = messages.post(person=cast.bob, channel=cast.general.id, text="Lunch?").message["id"]
    reactions.add(person=cast.amy, message=root, emoji="👍")
    own, told = own_id(cast.general.id, root), event_id(cast.general.id, 99, "roost.localhost")
    _hand_in(to, "to a reaction's mail", f"In-Reply-To: {told}", f"References: {own} {told}")
    assert _last(cast).thread_id == root
    _hand_in(to, "plain, as Delta Chat writes", f"In-Reply-To: {own}", "Chat-Version: 1.0")
    assert _last(cast).thread_id is None
    _hand_in(to, "> Lunch?\r\n\r\nquoted, as Delta Chat answers", f"In-Reply-To: {own}", "Chat-Version: 1.0")
    assert _last(cast).thread_id == root
    _hand_in(to, "a new thing", "Subject: Holidays", "Message-ID: <2@g.test>")
    begun = _last(cast)
    assert Subject.objects.get().message_id == begun.id
    _hand_in(to, "without any ids", "Subject: AW: Re: holidays")
    assert _last(cast).thread_id == begun.id


@pytest.mark.parametrize(
    ("text", "subject", "delivery"),
    [
        ("mute", "", "paused"), ("Mentions.", "", "mentions"), ("digest  daily", "Re: x", "daily"),
        ("digest hourly\r\n\r\n-- \r\nGus", "", "hourly"), ("mute all of them, please", "", "every"),
        ("daily", "", "every"),
    ],
)  # fmt: skip
def test_what_a_guest_asks_of_us(cast: Cast, gus: Person, text: str, subject: str, delivery: str) -> None:
    assert _hand_in(_signed(cast, gus), text, f"Subject: {subject}") == 250
    assert Seat.objects.get().delivery == delivery
    assert Message.objects.exists() == (delivery == "every")


@pytest.mark.parametrize(("text", "subject"), [("Leave.", "Re: hello"), ("", "leave")])
def test_a_guest_leaves_by_mail(cast: Cast, gus: Person, text: str, subject: str) -> None:
    assert _hand_in(_signed(cast, gus), text, f"Subject: {subject}") == 250
    assert not Membership.objects.filter(person=gus).exists()


@pytest.mark.parametrize(
    "headers",
    [
        ["Auto-Submitted: auto-replied"],
        ["Precedence: list", "List-Id: <x.y>"],
        ["Subject: Out of office", "X-Autoreply: yes"],
        ["Content-Type: multipart/report; report-type=disposition-notification; boundary=x"],
    ],
)
def test_what_a_program_wrote_is_let_go(cast: Cast, gus: Person, headers: list[str]) -> None:
    assert _hand_in(_signed(cast, gus), "I am away", *headers) == 250
    assert _hand_in(_signed(cast, gus), "no sender", envelope="") == 250
    own = f"Message-ID: {own_id(cast.general.id, 'V' * 16)}"
    assert _hand_in(_signed(cast, gus), "our own mail comes back", own) == 250
    assert not Message.objects.exists() and _kept() == []


def _report(action: str, status: str) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.g.test\r\nTo: x\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.g.test\r\n\r\n"
        f"Final-Recipient: rfc822; {GUS}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n--b--\r\n"
    ).encode()


def test_an_address_whose_mail_comes_back_is_given_up(cast: Cast, gus: Person) -> None:
    to = addresses.bounce_to(cast.general, gus.id)
    assert _hand_in(to, "", raw=_report("delayed", "4.4.1"), envelope="") == 250
    assert _hand_in(to, "", raw=_report("failed", "5.1.1"), envelope="eve@e.test") == 250
    assert not Mailbox.objects.exists()
    for _ in range(3):
        assert Seat.objects.get().delivery == "every"
        assert _hand_in(to, "", raw=_report("failed", "5.1.1"), envelope="") == 250
    assert Seat.objects.get().delivery == "paused"
    assert Mailbox.objects.get().why == "550 no such user"


BOMBS = {
    "many parts": b"From: gus@g.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 10_000,
    "two senders": b"From: gus@g.test, bob@a.test\r\n\r\nhello\r\n",
    "From twice": b"From: gus@g.test\r\nFrom: bob@a.test\r\n\r\nhello\r\n",
}


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS)
def test_what_is_made_to_fool_or_to_break_is_kept_aside(cast: Cast, gus: Person, raw: bytes) -> None:
    assert _hand_in(_signed(cast, gus), "", raw=raw) == 250
    assert len(_kept()) == 1 and not Message.objects.exists()


def test_odd_bytes_are_a_post_all_the_same(cast: Cast, gus: Person) -> None:
    raw = b"From: gus@g.test\r\nSubject: =?x?q?=00?=\r\nContent-Type: text/plain; charset=x-none\r\n\r\nh\0el\xfflo\r\n"
    assert _hand_in(_signed(cast, gus), "", raw=raw) == 250
    assert _last(cast).text.startswith("h")


def test_files_come_along(cast: Cast, gus: Person) -> None:
    raw = (
        b"From: gus@g.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nlook\r\n"
        b'--b\r\nContent-Type: application/pdf; name="a.pdf"\r\n\r\n%PDF-1.4\r\n--b--\r\n'
    )
    assert _hand_in(_signed(cast, gus), "", raw=raw) == 250
    (attachment,) = _last(cast).attachments.select_related("file")
    assert (attachment.file.name, _last(cast).text) == ("a.pdf", "look")


def test_too_many_in_a_minute_wait(cast: Cast, gus: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inwards, "MAILS_A_MINUTE", 2)
    answers = [_hand_in(_signed(cast, gus), f"mail {n}", f"Message-ID: <{n}@g.test>") for n in range(3)]
    assert answers == [250, 250, 451]


def test_while_the_database_is_away_the_mail_stays_with_its_server(
    cast: Cast, gus: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    to = _signed(cast, gus)
    monkeypatch.setattr("channels_app.chat.posting.post_many", away)
    assert _hand_in(to, "hello") == 451
    monkeypatch.setattr("channels_app.guests.places.find", away)
    assert _hand_in(to, "hello") == 451


def test_a_mail_that_breaks_us_is_kept(cast: Cast, gus: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("channels_app.letters.incoming.act", broken)
    assert _hand_in(_signed(cast, gus), "hello") == 250
    (kept,) = Quarantined.objects.all()
    assert kept.why == "could not be read (ZeroDivisionError)" and Path(kept.key).suffix == ".eml"
