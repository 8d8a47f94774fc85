"""Mail that comes back: counted, and at the third time given up."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.chat import channels, guests
from channels_app.chat.models import Seat
from channels_app.guests.models import Mailbox
from channels_app.guests.receiving import answers, reports
from channels_app.guests.receiving.arrived import Arrived
from tests.guests.post import Post
from workspace.events import log

DSN = """\
Content-Type: text/plain

It did not work.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.d.test

Final-Recipient: rfc822; dana@d.test
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <dana@d.test>:
    no such user

--b--"""


def dsn(post: Post, action: str = "failed", status: str = "5.1.1") -> bytes:
    return post.mail(
        f"--b\n{DSN.format(action=action, status=status)}",
        sender="MAILER-DAEMON@mx.d.test",
        content_type="multipart/report; report-type=delivery-status; boundary=b",
    )


def test_at_the_third_in_a_row_it_is_given_up(post: Post) -> None:
    guests.invite(person=post.cast.bob, channel=post.cast.secret.id, email="dana@d.test")
    for number in (1, 2, 3):
        assert {seat.delivery for seat in Seat.objects.all()} == {"every"}
        assert post.give(dsn(post), to=post.reports, sender="") == answers.COUNTED
        assert Mailbox.objects.get().failures == number
    assert {seat.delivery for seat in Seat.objects.all()} == {"paused"}
    assert Mailbox.objects.get().why == "550 5.1.1 <dana@d.test>: no such user"
    for channel in (post.cast.general, post.cast.secret):
        last = log.read(channel.stream, 0, limit=100)[-1]
        assert (last.kind, last.payload["person"]) == ("delivery.failed", post.cast.dana.id)
    assert post.give(dsn(post), to=post.reports, sender="") == answers.COUNTED
    assert post.untouched()


def test_reports_find_their_guest_after_a_renaming(post: Post) -> None:
    reported = post.reports
    channels.change(person=post.cast.alice, channel=post.cast.general.id, name="lobby")
    assert post.give(dsn(post), to=reported, sender="") == answers.COUNTED
    assert Mailbox.objects.get().person == post.cast.dana


def test_one_report_counts_once(post: Post, django_capture_on_commit_callbacks: Any) -> None:
    raw = dsn(post)
    for again in (raw, b"Received: by us\r\n" + raw):
        with django_capture_on_commit_callbacks(execute=True):
            assert post.give(again, to=post.reports, sender="") == answers.COUNTED
    assert Mailbox.objects.get().failures == 1


@pytest.mark.parametrize(
    ("action", "status"), [("delayed", "4.4.1"), ("failed", "4.4.7"), ("delivered", "2.0.0"), ("relayed", "5.0.0")]
)
def test_what_may_still_arrive_is_not_counted(post: Post, action: str, status: str) -> None:
    assert post.give(dsn(post, action, status), to=post.reports, sender="") == answers.DROPPED
    assert not Mailbox.objects.exists()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("testrun_ndn", "550 5.1.1 <hcksocnsofoejx@five.chat>: Recipient address rejected: User unknown in virtual"),
        ("gmx_ndn", "550-5.1.1 The email account that you tried to reach does not exist"),
        ("gmail_ndn_group", ""),
        ("ndn_with_attachment", ""),
    ],
)
def test_the_reports_of_real_servers(post: Post, name: str, why: str) -> None:
    found = reports.failure(Arrived(post.eml(f"quirks/{name}.eml"), ""))
    assert found is not None and why in found


def test_no_report_is_read_from_what_is_none(post: Post) -> None:
    for headers in ({"auto_submitted": "auto-replied"}, {"from": "postmaster@d.test"}):
        text = "I am away. Your message to <dana@d.test> will wait."
        assert post.write(text, to=post.reports, **headers) == answers.DROPPED
    answer = post.write("A person's words", to=post.reports)
    assert (answer.code, answer.status) == (550, "5.7.1")
    assert post.give(dsn(post), sender="") == answers.DROPPED
    assert not Mailbox.objects.exists() and post.untouched()


@pytest.mark.parametrize(
    "line", ["<" * 100_000, "a" * 100_000, "A message that you sent could not be delivered" * 3000]
)
def test_prose_is_read_in_no_time(post: Post, line: str) -> None:
    raw = post.mail("\n".join([line] * 5), sender="mailer-daemon@d.test")
    assert post.give(raw, to=post.reports, sender="").code == 250
