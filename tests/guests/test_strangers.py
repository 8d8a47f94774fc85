"""First contact: what strangers write to a member waits in a tray, and is a conversation only when the member likes."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from channels_app.chat import channels, guests
from channels_app.chat.models import Channel, Kind, Message, Seat
from channels_app.guests import members, requests
from channels_app.guests.models import ContactRequest, RequestMail
from channels_app.guests.receiving import answers, inwards, pace, strangers
from channels_app.guests.receiving.answers import Answer
from channels_app.guests.receiving.arrived import Arrived
from channels_app.letters.models import Quarantined
from tests.cast import Api
from tests.guests.post import Post, vouched
from tests.guests.test_who_writes import codes
from tests.mail.test_hostile import BOMBS
from workspace.events import log
from workspace.people import persons
from workspace.people.models import Person

EVE = "Eve Adams <eve@e.test>"
NOBODY = (550, "5.1.1")


def _ask(post: Post, text: str = "May I ask you something?", sender: str = EVE, **headers: str) -> Answer:
    """A stranger writes to Bob, and their provider says that it was them."""
    believed = vouched(f"dmarc=pass header.from={sender.rpartition('@')[2].rstrip('>')}")
    fields = {"subject": "A question", **believed, **headers}
    return post.write(text, to=_bobs(post), sender=sender, **fields)


def _bobs(post: Post) -> str:
    return members.address(post.cast.bob)


def _tray(post: Post) -> list[dict[str, Any]]:
    return list(Api(post.cast.bob).get("/me/requests").json()["items"])


def _letters(post: Post, request: str) -> list[dict[str, Any]]:
    return list(Api(post.cast.bob).get(f"/me/requests/{request}").json()["letters"])


def _do(post: Post, verb: str, who: str = "bob") -> Any:
    """Answer the only request of Bob."""
    (request,) = ContactRequest.objects.filter(person=post.cast.bob, state="open")
    return Api(post.cast.named(who)).post(f"/me/requests/{request.id}/{verb}", {})


def _bytes_held() -> list[Path]:
    return list((Path(settings.STORAGE_DIR) / "requests").rglob("*.eml"))


def _direct(post: Post) -> Channel:
    return Channel.objects.get(org=post.cast.acme, kind=Kind.DIRECT)


# Into the tray


def test_a_stranger_waits_in_the_tray_of_whom_they_wrote_to(post: Post) -> None:
    assert _ask(post) == strangers.ASKED
    (request,) = _tray(post)
    assert (request["email"], request["name"], request["subject"]) == ("eve@e.test", "Eve Adams", "A question")
    assert (request["preview"], request["mails"]) == ("May I ask you something?", 1)
    assert [letter["html"] for letter in _letters(post, request["id"])] == ["<p>May I ask you something?</p>\n"]
    told = log.read(post.cast.bob.stream, 0)[-1]
    assert (told.kind, told.payload["request"], told.origin) == ("request.received", request, "mail")
    assert not Person.objects.filter(email="eve@e.test").exists() and post.untouched()


def test_only_the_one_who_was_asked_sees_it(post: Post) -> None:
    _ask(post)
    (request,) = _tray(post)
    for who in ("alice", "amy", "charlie"):
        api = Api(post.cast.named(who))
        assert api.get("/me/requests").json()["items"] == []
        assert api.get(f"/me/requests/{request['id']}").status_code == 404
        for verb in ("accept", "decline", "block"):
            assert api.post(f"/me/requests/{request['id']}/{verb}", {}).status_code == 404
    assert Api(post.cast.dana).get("/me/requests").status_code == 403
    assert _tray(post) == [request]


def test_more_of_the_same_stranger_is_one_request_and_the_same_mail_is_one(post: Post) -> None:
    for text, id in (("first", "<1@e.test>"), ("second", "<2@e.test>"), ("second", "<2@e.test>")):
        assert _ask(post, text, message_id=id) == strangers.ASKED
    (request,) = _tray(post)
    assert (request["mails"], request["preview"]) == (2, "second")
    assert [letter["text"] for letter in _letters(post, request["id"])] == ["first", "second"]
    assert len(_bytes_held()) == 2
    assert _ask(post, sender="Mallory <m@m.test>", message_id="<2@e.test>") == strangers.ASKED
    assert len(_tray(post)) == 2


def test_the_addresses_of_members(post: Post) -> None:
    bob, domain = post.cast.bob, _bobs(post).partition("@")[2]
    assert _bobs(post) == f"bob@{domain}"
    for to in (f"BOB+shop@{domain.upper()}", f"{bob.id}@{domain}", f"{bob.id.lower()}@{domain}"):
        assert inwards.check(to) is None
        assert post.write(to=to, sender=EVE, **vouched("dmarc=pass header.from=e.test")) == strangers.ASKED
    assert _tray(post)[0]["mails"] == 3
    assert Api(bob).get("/me/requests").json()["address"] == _bobs(post)


def test_who_has_no_address(post: Post) -> None:
    domain = _bobs(post).partition("@")[2]
    persons.change(person=post.cast.amy, by=post.cast.alice, active=False)
    for local in (post.cast.dana.handle, post.cast.dana.id, post.cast.amy.handle, post.cast.charlie.handle, "no.one"):
        assert codes(inwards.check(f"{local}@{domain}")) == codes(post.write(to=f"{local}@{domain}")) == NOBODY
    assert ContactRequest.objects.count() == 0 and post.untouched()


def test_a_channel_of_that_name_comes_first(post: Post) -> None:
    channels.create(person=post.cast.alice, name="bob", kind="public")
    assert _bobs(post).startswith(post.cast.bob.id)
    assert _ask(post) == strangers.ASKED
    by_name = f"bob@{_bobs(post).partition('@')[2]}"
    answer = post.write(to=by_name, sender=EVE, **vouched("dmarc=pass header.from=e.test"))
    assert codes(answer) == (550, "5.7.1") and "channel" in answer.text


# Who is believed


def test_nobody_vouches_for_them(post: Post) -> None:
    assert post.write(to=_bobs(post), sender=EVE) == answers.KEPT
    assert post.write(to=_bobs(post), sender="") == answers.KEPT
    assert post.kept() == ["nobody vouches for the sender", "no sender"]
    assert [row.stream for row in Quarantined.objects.all()] == [post.cast.bob.stream] * 2
    assert codes(_ask(post, **vouched("dmarc=fail header.from=e.test"))) == (550, "5.7.1")
    assert _tray(post) == []


@pytest.mark.parametrize(
    "headers", [{"auto_submitted": "auto-replied"}, {"precedence": "bulk"}, {"list_id": "<l.test>"}]
)
def test_programs_do_not_ask(post: Post, headers: dict[str, str]) -> None:
    assert _ask(post, **headers) == answers.DROPPED
    assert post.give(post.mail(sender=EVE), to=_bobs(post), sender="<>") == answers.DROPPED
    assert _tray(post) == [] and post.untouched()


def test_where_only_admins_bring_guests_in(post: Post) -> None:
    _ask(post)
    type(post.cast.acme).objects.filter(id=post.cast.acme.id).update(settings={"guest_invites": "admins"})
    answer = _ask(post, sender="Mallory <m@m.test>")
    assert codes(answer) == (550, "5.7.1") and "not known here" in answer.text
    assert _do(post, "accept").status_code == 403
    assert len(_tray(post)) == 1
    to = members.address(post.cast.amy)
    assert post.write(to=to, sender=EVE, **vouched("dmarc=pass header.from=e.test")) == strangers.ASKED


# What becomes of it


def test_accepted_it_is_a_conversation_with_the_mails_in_it(post: Post) -> None:
    before = timezone.now() - timedelta(hours=1)
    _ask(post, "first", date=f"{before:%a, %d %b %Y %H:%M:%S} +0000", message_id="<1@e.test>")
    _ask(post, "second", date="Thu, 01 Jan 1970 00:00:00 +0000", message_id="<2@e.test>")
    answer = _do(post, "accept")
    assert answer.status_code == 200
    channel = _direct(post)
    eve = Person.objects.get(email="eve@e.test")
    assert (answer.json()["id"], answer.json()["people"]) == (channel.id, sorted([eve.id, post.cast.bob.id]))
    assert (eve.name, eve.role, eve.org) == ("Eve Adams", "guest", post.cast.acme)
    seat = Seat.objects.get(membership__person=eve)
    assert (seat.membership.channel, seat.sponsor) == (channel, post.cast.bob)
    first, second = post.all(channel)
    assert [(row.text, row.author, row.external_id, row.origin) for row in (first, second)] == [
        ("first", eve, "<1@e.test>", "mail"), ("second", eve, "<2@e.test>", "mail"),
    ]  # fmt: skip
    assert first.created_at == before.replace(microsecond=0)
    assert timezone.now() - second.created_at < timedelta(minutes=5)
    assert _tray(post) == [] and _do_again(post, "accept") == 404
    # The mail that is handed over once more, and those that come later
    assert _ask(post, "second", message_id="<2@e.test>") == answers.POSTED
    assert _ask(post, "third") == answers.POSTED
    assert [row.text for row in post.all(channel)] == ["first", "second", "third"]
    assert _tray(post) == []


def _do_again(post: Post, verb: str) -> int:
    request = ContactRequest.objects.get(person=post.cast.bob)
    return int(Api(post.cast.bob).post(f"/me/requests/{request.id}/{verb}", {}).status_code)


def test_files_come_along_and_are_named_before(post: Post) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = EVE, "Plans"
    mail["Authentication-Results"] = vouched("dmarc=pass header.from=e.test")["authentication_results"]
    mail.set_content("see the plan")
    mail.add_attachment(b"%PDF-1.4 plan", maintype="application", subtype="pdf", filename="../plan\u202efdp.exe")
    raw = bytes(mail).replace(b"\n", b"\r\n")
    assert post.give(raw, to=_bobs(post), sender="eve@e.test") == strangers.ASKED
    (letter,) = _letters(post, _tray(post)[0]["id"])
    assert letter["files"] == [{"name": "plan_fdp.exe", "type": "application/pdf", "size": 13}]
    channel = _do(post, "accept").json()["id"]
    (message,) = Api(post.cast.bob).get(f"/channels/{channel}/messages").json()["items"]
    assert [(file["name"], file["size"]) for file in message["files"]] == [("plan_fdp.exe", 13)]


def test_declined_nothing_is_left_and_they_may_ask_again(post: Post) -> None:
    _ask(post, message_id="<1@e.test>")
    assert _do(post, "decline").status_code == 204
    assert _ask(post, message_id="<1@e.test>") == strangers.ASKED
    assert _tray(post) == []
    requests.expire()
    assert _bytes_held() == []
    assert _ask(post, "again", message_id="<2@e.test>") == strangers.ASKED
    assert [request["preview"] for request in _tray(post)] == ["again"]
    assert not Person.objects.filter(email="eve@e.test").exists()


def test_blocked_there_is_nobody_for_them(post: Post) -> None:
    _ask(post)
    assert _do(post, "block").status_code == 204
    unknown = post.write(to=f"no.one@{_bobs(post).partition('@')[2]}", sender=EVE)
    assert _ask(post) == _ask(post, sender="X <EVE@e.test>") == post.write(to=_bobs(post), sender=EVE) == unknown
    assert codes(unknown) == NOBODY and _tray(post) == [] and post.untouched()
    assert _ask(post, sender="Mallory <m@m.test>") == strangers.ASKED
    api = Api(post.cast.bob)
    (blocked,) = api.get("/me/blocked").json()["items"]
    assert blocked["email"] == "eve@e.test"
    for who in ("alice", "charlie"):
        assert Api(post.cast.named(who)).get("/me/blocked").json() == {"items": []}
        assert Api(post.cast.named(who))("DELETE", f"/me/blocked/{blocked['id']}").status_code == 404
    assert api("DELETE", f"/me/blocked/{blocked['id']}").status_code == 204
    assert _ask(post) == strangers.ASKED and len(_tray(post)) == 2


def test_what_nobody_answers_ends(post: Post) -> None:
    _ask(post)
    assert requests.expire() == 0
    ContactRequest.objects.update(updated_at=timezone.now() - timedelta(days=settings.HELD_DAYS, seconds=1))
    assert requests.expire() == 1 and requests.expire() == 0
    assert _tray(post) == [] and _bytes_held() == []
    told = log.read(post.cast.bob.stream, 0)[-1]
    assert (told.kind, told.actor) == ("request.declined", None)
    ContactRequest.objects.update(updated_at=timezone.now() - timedelta(days=settings.HELD_DAYS, seconds=1))
    assert requests.expire() == 1 and RequestMail.objects.count() == 0


# Who is known here


def test_a_guest_of_a_channel_needs_no_leave_to_write(post: Post) -> None:
    for text in ("psst", "and again"):
        assert _ask(post, text, sender="Dana <dana@d.test>") == answers.POSTED
    channel = _direct(post)
    assert [(row.text, row.author) for row in post.all(channel)] == [
        ("psst", post.cast.dana), ("and again", post.cast.dana),
    ]  # fmt: skip
    assert Seat.objects.filter(membership__channel=channel, membership__person=post.cast.dana).exists()
    assert _tray(post) == [] and not post.all()


def test_a_member_writes_to_a_member(post: Post) -> None:
    assert _ask(post, "psst", sender="Alice <alice@a.test>") == answers.POSTED
    channel = _direct(post)
    assert post.all(channel)[0].author == post.cast.alice
    assert not Seat.objects.filter(membership__channel=channel).exists()
    assert post.write(to=_bobs(post), sender="Alice <alice@a.test>") == answers.KEPT


def test_answers_stay_side_by_side(post: Post) -> None:
    _ask(post, message_id="<1@e.test>")
    _do(post, "accept")
    channel = _direct(post)
    _, said = post.said("Of course", by=post.cast.bob, channel=channel)
    assert _ask(post, "Then: why?", in_reply_to=said, references=f"<1@e.test> {said}") == answers.POSTED
    assert [row.thread_id for row in post.all(channel)] == [None] * 3


def test_a_guest_of_another_organization_is_a_stranger(post: Post) -> None:
    theirs = channels.create(person=post.cast.charlie, name="theirs", kind="public")
    guests.invite(person=post.cast.charlie, channel=theirs.id, email="eve@e.test")
    assert _ask(post) == strangers.ASKED
    assert _ask(post, sender="Charlie <charlie@c.test>") == strangers.ASKED
    assert {request["email"] for request in _tray(post)} == {"eve@e.test", "charlie@c.test"}


# Bad input


def test_html_with_scripts_is_words(post: Post) -> None:
    page = '<script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">click</a> <b>hi</b>'
    _ask(post, page, content_type="text/html; charset=utf-8", subject="<script>alert(1)</script>")
    (letter,) = _letters(post, _tray(post)[0]["id"])
    for bad in ("<script", "onerror", "javascript:", "<img"):
        assert bad not in letter["html"]
    assert "<strong>hi</strong>" in letter["html"]


def test_names_that_pretend_do_not_hide_the_address(post: Post) -> None:
    dotless = '"Alice (alice@a.test)\u202e" <al\u0131ce@xn--a-8sb.test>'  # nobody could be invited by this one
    assert codes(_ask(post, sender=dotless)) == (550, "5.7.1")
    homoglyph = '"=?utf-8?q?Alice_=E2=80=AE?= alice@a.test" <alice@xn--80ak6aa92e.test>'
    assert _ask(post, sender=homoglyph) == strangers.ASKED
    (request,) = _tray(post)
    assert request["email"] == "alice@xn--80ak6aa92e.test" and "\u202e" not in request["name"]


def test_nameless_and_endless_ones(post: Post) -> None:
    _ask(post, sender="eve@e.test")
    _ask(post, sender=f"{'N' * 500} <n@n.test>", subject="S" * 900)
    assert [(one["name"], one["subject"]) for one in _tray(post)] == [
        ("N" * 100, "S" * 250), ("eve@e.test", "A question"),
    ]  # fmt: skip


def test_what_is_too_big_is_refused_unread(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = post.mail("x" * requests.MOST_BYTES, EVE, **vouched("dmarc=pass header.from=e.test"))
    monkeypatch.setattr(Arrived, "parsed", property(lambda _: 1 / 0))
    answer = post.give(raw, to=_bobs(post), sender="eve@e.test")
    assert codes(answer) == (552, "5.3.4") and "10 MB" in answer.text
    assert _tray(post) == [] and _bytes_held() == []


def test_one_stranger_fills_no_tray(post: Post) -> None:
    for n in range(requests.MOST_MAILS):
        assert _ask(post, f"number {n}") == strangers.ASKED
    assert codes(_ask(post, "one more")) == (452, "4.2.2")
    assert _tray(post)[0]["mails"] == len(_bytes_held()) == requests.MOST_MAILS


def test_a_thousand_strangers(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_A_MINUTE", 10_000)
    answers = [_ask(post, sender=f"E{n} <e{n}@e.test>").code for n in range(1000)]
    assert answers == [250] * requests.MOST_OPEN + [452] * (1000 - requests.MOST_OPEN)
    assert len(_tray(post)) == len(_bytes_held()) == requests.MOST_OPEN
    assert _ask(post, "more", sender="E1 <e1@e.test>") == strangers.ASKED


def test_they_come_one_after_the_other(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_A_MINUTE", 2)
    assert [_ask(post) for _ in range(3)] == [strangers.ASKED, strangers.ASKED, answers.SLOWER]
    cache.clear()
    assert [_ask(post, sender=f"E{n} <e{n}@e.test>") for n in range(3)][2] == answers.SLOWER


def test_bytes_held_for_one_member_have_an_end(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MOST_BYTES_HELD", 2000)
    answers = [_ask(post, "x" * 700, sender=f"E{n} <e{n}@e.test>").code for n in range(3)]
    assert answers == [250, 250, 452]


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs_are_kept_refused_or_asked(post: Post, name: str) -> None:
    ours = f"Authentication-Results: {vouched('dmarc=pass header.from=b.test')['authentication_results']}\r\n".encode()
    answer = post.give(ours + BOMBS[name][0], to=_bobs(post), sender="bob@b.test")
    assert answer in (strangers.ASKED, answers.KEPT) or answer.code in (452, 552)
    assert len(_tray(post)) + len(post.kept()) == int(answer.code == 250)
    if _tray(post):
        assert _do(post, "accept").status_code == 200
        assert len(Message.objects.filter(channel=_direct(post))) == 1


def test_a_mail_whose_bytes_are_lost_still_says_what_was_read(post: Post) -> None:
    _ask(post, "first")
    for file in _bytes_held():
        file.unlink()
    assert _do(post, "accept").status_code == 200
    assert [row.text for row in post.all(_direct(post))] == ["first"]
