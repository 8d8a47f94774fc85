"""Who may write to a channel, and what becomes of forgeries. Charlie's organization is out of reach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, OperationalError
from django.utils import timezone

from channels_app.chat import channels, guests, members
from channels_app.chat.models import Seat
from channels_app.chat.posting import Outcome, Posting, post_many
from channels_app.guests import addresses
from channels_app.guests.receiving import answers, inwards
from channels_app.guests.receiving.answers import AGAIN, Answer
from channels_app.guests.receiving.pace import pace
from channels_app.letters.models import Quarantined
from tests.guests.post import Post, vouched
from tests.mail.test_hostile import BOMBS

MX = "mx.acme.test"


def codes(answer: Answer | None) -> tuple[int, str]:
    assert answer is not None
    return answer.code, answer.status


def domain(post: Post) -> str:
    return post.plain.partition("@")[2]


# Signed addresses


def test_an_address_in_any_case_and_of_a_renamed_channel(post: Post) -> None:
    signed = post.signed
    assert post.write(to=signed.upper()) == answers.POSTED
    channels.change(person=post.cast.alice, channel=post.cast.general.id, name="lobby")
    assert post.write(to=signed, sender="DANA@D.test") == answers.POSTED
    by_id = f"{post.cast.general.id.lower()}+{signed.partition('+')[2]}"
    assert post.write(to=by_id) == answers.POSTED
    assert [row.author for row in post.all()] == [post.cast.dana] * 3


def test_somebody_else_at_a_guests_address_is_kept(post: Post) -> None:
    for sender in ("eve@evil.test", "bob@a.test", "charlie@c.test"):
        assert post.write(sender=sender) == answers.KEPT
    assert post.write(sender="") == answers.KEPT
    assert post.kept() == ["somebody else writes to this guest's address"] * 3 + ["no sender"]
    assert not post.all()
    row = Quarantined.objects.first()
    assert row is not None
    assert (row.org, row.stream, row.sender, row.origin) == (
        post.cast.acme, post.cast.general.stream, "eve@evil.test", "mail",
    )  # fmt: skip


def test_a_member_who_answers_all_is_believed_when_vouched_for(post: Post) -> None:
    assert post.write(sender="bob@a.test", **vouched("dmarc=pass header.from=a.test")) == answers.POSTED
    assert post.last().author == post.cast.bob
    assert post.write(sender="eve@evil.test", **vouched("dmarc=pass header.from=evil.test")) == answers.KEPT


def test_forged_tags_are_no_address(post: Post) -> None:
    local, _, rest = post.signed.partition("+")
    assert codes(post.write(to=f"{local}+r{'a' * 16}@{domain(post)}")) == (550, "5.1.1")
    as_bounce = f"{local}+b{rest[1:]}"
    assert codes(post.write(to=as_bounce)) == (550, "5.1.1")
    assert post.untouched()


def test_a_tag_is_good_in_its_channel_and_organization_only(post: Post) -> None:
    guests.invite(person=post.cast.bob, channel=post.cast.secret.id, email="gus@g.test")
    general = channels.create(person=post.cast.charlie, name="general", kind="public")
    there = addresses.channel_address(general).partition("@")[2]
    assert codes(post.write(to=f"{post.signed.partition('@')[0]}@{there}")) == (550, "5.1.1")
    # The tag decides, whatever stands before it: a guest of one channel cannot write into another.
    assert post.write("in general", to=post.signed.replace("general", "secret")) == answers.POSTED
    assert not post.all(post.cast.secret) and not post.all(general) and post.last().text == "in general"


@pytest.mark.parametrize("change", ["removed", "over", "deactivated"])
def test_whose_seat_is_gone(post: Post, change: str) -> None:
    signed, dana = post.signed, post.cast.dana
    if change == "removed":
        guests.remove(person=post.cast.bob, channel=post.cast.general.id, guest=dana.id)
    elif change == "over":
        Seat.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        type(dana).objects.filter(id=dana.id).update(active=False)
    answer = post.write(to=signed)
    assert codes(answer) == (550, "5.7.1") and "no longer" in answer.text
    assert post.untouched()


def test_where_nobody_may_write_any_more(post: Post) -> None:
    channels.archive(person=post.cast.alice, channel=post.cast.general.id)
    assert codes(post.write()) == (550, "5.2.1")
    channels.delete(person=post.cast.alice, channel=post.cast.general.id)
    for to in (post.signed, post.plain, post.reports):
        assert codes(post.write(to=to)) == (550, "5.1.1")
    assert codes(inwards.check(post.plain)) == (550, "5.1.1")


def test_a_guest_answers_an_announcement_and_makes_none(post: Post) -> None:
    channels.change(person=post.cast.alice, channel=post.cast.general.id, kind="announcement")
    _, message_id = post.said("New office")
    assert codes(post.write(subject="Hi")) == (550, "5.7.1")
    assert post.write(in_reply_to=message_id) == answers.POSTED


# The channel's own address


@pytest.mark.parametrize("sender", ["dana@d.test", "Bob <BOB@a.test>"])
def test_somebody_has_to_vouch_for_who_writes_there(post: Post, sender: str) -> None:
    ours = vouched(f"dmarc=pass header.from={'d.test' if 'd.test' in sender else 'a.test'}")
    results = ours["authentication_results"]
    hop = f"by mx\r\nAuthentication-Results: {results}"
    for forged in (
        {},
        {"authentication_results": "mx.evil.test; dmarc=pass"},
        {"authentication_results": f"mx.evil.test; spf=none\r\nAuthentication-Results: {results}"},
        {"authentication_results": f"{MX}; spf=none\r\nReceived: {hop}"},
        vouched("dmarc=pass header.from=evil.test"),
    ):
        assert post.write(to=post.plain, sender=sender, **forged) == answers.KEPT
    assert set(post.kept()) == {"nobody vouches for the sender"}
    assert post.write(to=post.plain, sender=sender, **ours) == answers.POSTED
    assert post.last().author.email == ("dana@d.test" if "dana" in sender else "bob@a.test")


def test_the_ways_to_write_that_address(post: Post) -> None:
    name = f"GENERAL+{'x' * 9}@{domain(post).upper()}"
    for to in (name, f"{post.cast.general.id}@{domain(post)}", f"{post.cast.general.id.lower()}@{domain(post)}"):
        assert inwards.check(to) is None
        assert post.write(to=to, **vouched()) == answers.POSTED


def test_what_a_trusted_server_calls_forged_is_refused(post: Post) -> None:
    for to in (post.signed, post.plain):
        answer = post.write(to=to, **vouched("dmarc=fail header.from=d.test"))
        assert codes(answer) == (550, "5.7.1") and "DMARC" in answer.text
    assert post.untouched()


@pytest.mark.parametrize("results", ["spf=softfail smtp.mailfrom=dana@d.test", "dkim=fail header.d=d.test; spf=none"])
def test_what_a_trusted_server_found_no_proof_of_is_kept(post: Post, results: str) -> None:
    assert post.write(**vouched(results)) == answers.KEPT
    assert post.kept() == ["nothing proves the sender, whose domain could (DMARC, SPF or DKIM)"]
    assert post.write(**vouched("spf=none; dkim=none")) == answers.POSTED


def test_strangers_are_refused(post: Post) -> None:
    eve = persons_outside(post)
    for sender in ("stranger@s.test", "charlie@c.test", eve, ""):
        assert codes(post.write(to=post.plain, sender=sender, **vouched("dmarc=pass"))) == (550, "5.7.1")
    secret = addresses.channel_address(post.cast.secret)
    assert codes(post.write(to=secret, **vouched())) == (550, "5.7.1")
    assert post.untouched()


def persons_outside(post: Post) -> str:
    """A member of the organization who is not in the channel."""
    members.remove(person=post.cast.alice, channel=post.cast.general.id, member=post.cast.amy.id)
    return post.cast.amy.email


def test_addresses_that_are_not_ours(post: Post) -> None:
    mine, here = settings.MAIL_DOMAIN, domain(post)
    locals_here = [f"{local}@{here}" for local in ("", "nothing", "+x", "%")]
    for to in (*locals_here, "general@e.test", f"general@{mine}", f"general@nobody.{mine}", f"x@x.{here}", "<>", "x"):
        assert codes(post.write(to=to)) == codes(inwards.check(to)) == (550, "5.1.1")
    for to in (f"a\0b@{domain(post)}", f"\udcff@{domain(post)}", f"{'x' * 400}@{domain(post)}"):
        assert codes(post.write(to=to)) == codes(inwards.check(to)) == (550, "5.1.3")
    assert inwards.check(post.signed) is None
    assert codes(inwards.check(f"general+r{'a' * 16}@nobody.{mine}")) == (550, "5.1.1")
    assert post.untouched()


# What no person wrote


@pytest.mark.parametrize(
    "headers",
    [{"auto_submitted": "auto-replied"}, {"auto_submitted": "auto-generated"}, {"precedence": "bulk"},
     {"list_id": "<1.roost.localhost>"}, {"x_autoreply": "yes"}, {"from": "MAILER-DAEMON@d.test"},
     {"content_type": "multipart/report; report-type=disposition-notification; boundary=b"}],
)  # fmt: skip
@pytest.mark.parametrize("to", ["signed", "plain", "reports"])
def test_programs_are_not_heard(post: Post, headers: dict[str, str], to: str) -> None:
    assert post.write(to=getattr(post, to), **headers, **vouched()) == answers.DROPPED
    assert post.untouched()


def test_the_null_sender_is_a_program(post: Post) -> None:
    for sender in ("", "<>"):
        assert post.give(post.mail(), sender=sender) == answers.DROPPED
    assert post.untouched()


def test_our_own_mail_that_comes_back_is_dropped(post: Post) -> None:
    _, message_id = post.said("Lunch?")
    event = message_id.replace(message_id.split(".")[2].split("@")[0], "event000000000007")
    for own in (message_id, event):
        assert post.write(message_id=own) == answers.DROPPED
    made_up = message_id.replace(message_id.split(".")[2][:16], "0" * 16)
    assert post.write(message_id=made_up) == answers.POSTED
    assert post.write(message_id=message_id.replace(settings.MAIL_DOMAIN, "other.test")) == answers.POSTED


# Bad input


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs_end_in_quarantine_or_as_a_post(post: Post, name: str) -> None:
    raw = BOMBS[name][0].replace(b"bob@b.test", b"dana@d.test")
    answer = post.give(raw)
    assert answer in (answers.POSTED, answers.KEPT)
    assert len(post.all()) + len(post.kept()) == 1


def test_bombs_of_programs_are_kept_too(post: Post) -> None:
    raw = b"Auto-Submitted: auto-replied\r\n" + BOMBS["10,000 parts"][0].replace(b"bob@b.test", b"dana@d.test")
    assert post.give(raw) == post.give(raw) == answers.KEPT
    assert post.kept() == ["too many parts"]


def test_nul_and_broken_charsets_are_cleaned(post: Post) -> None:
    for charset in ("utf-8", "klingon", "utf-16", "shift_jis"):
        raw = post.mail("gr\0\xfcn", content_type=f"text/plain; charset={charset}")
        assert post.give(raw.replace("\xfc".encode(), b"\xfc")) == answers.POSTED
        assert "\0" not in post.last().text


def test_two_senders_are_none(post: Post) -> None:
    assert post.write(sender="dana@d.test, eve@evil.test") == answers.KEPT
    assert post.give(post.mail().replace(b"From:", b"From: eve@evil.test\r\nFrom:", 1)) == answers.KEPT
    assert not post.all()


def test_what_nobody_thought_of_is_kept(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels_app.guests.receiving.inwards._do", lambda *_: 1 / 0)
    assert post.write() == answers.KEPT
    assert post.kept() == ["could not be read (ZeroDivisionError)"]


@pytest.mark.parametrize("error", [OperationalError, OSError, IntegrityError])
@pytest.mark.parametrize("where", ["deeds.posting.post_many", "settling.quarantine.keep", "inwards.addressed.resolve"])
def test_trouble_of_ours_is_to_try_again(
    post: Post, monkeypatch: pytest.MonkeyPatch, error: type[Exception], where: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("away")

    with monkeypatch.context() as patch:
        patch.setattr(f"channels_app.guests.receiving.{where}", fail)
        raw = post.mail(sender="eve@evil.test" if where == "settling.quarantine.keep" else "dana@d.test")
        assert post.give(raw) == AGAIN
    assert post.untouched()
    assert post.give(raw).code == 250


def test_the_same_mail_from_two_servers_at_once(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[IntegrityError] = []

    def first_fails(postings: Sequence[Posting]) -> list[Outcome]:
        if not failed:
            failed.append(IntegrityError("posted_once"))
            raise failed[0]
        return post_many(postings)

    monkeypatch.setattr("channels_app.guests.receiving.deeds.posting.post_many", first_fails)
    assert post.write() == answers.POSTED


def test_too_many_at_once_have_to_wait(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels_app.guests.receiving.pace.MOST_A_MINUTE", 2)
    assert [post.write() for _ in range(3)] == [answers.POSTED, answers.POSTED, answers.SLOWER]
    assert [post.write(sender="eve@evil.test") for _ in range(3)] == [answers.KEPT, answers.KEPT, answers.SLOWER]
    assert len(post.all()) == len(post.kept()) == 2
    pace.forget()
    assert post.write() == answers.POSTED


def test_answers_are_a_line_of_ascii() -> None:
    assert str(Answer(550, "5.7.1", "No\r\n250 Ok ü\0")) == "550 5.7.1 No 250 Ok ??"
    assert len(str(Answer(550, "5.7.1", "x" * 999))) < 512
