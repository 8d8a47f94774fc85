"""The listener over a real socket, as a mail server uses it."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import uvloop
from django.db import OperationalError

from channels_app.guests import addresses
from channels_app.guests.receiving import addressed, answers, inwards, lmtp
from channels_app.guests.receiving.answers import Answer
from channels_app.guests.receiving.inwards import Delivery
from channels_app.guests.receiving.lmtp import Listener
from tests.cast import Cast, gather
from tests.guests.post import Post

Reply = tuple[int, bytes]


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The listener's threads see what is committed."""
    return gather()


@contextlib.contextmanager
def listening(make: Callable[[], Listener] | str = "127.0.0.1:0") -> Iterator[Listener]:
    """A listener that runs; `make` makes it, or is the address of one for LMTP."""
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def started() -> Listener:
        listener = Listener(make) if isinstance(make, str) else make()
        await listener.start()
        return listener

    listener = asyncio.run_coroutine_threadsafe(started(), loop).result(10)
    try:
        yield listener
    finally:
        asyncio.run_coroutine_threadsafe(listener.close(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
        assert listener.under_way == 0


@pytest.fixture
def listener(post: Post) -> Iterator[Listener]:
    with listening() as listener:
        yield listener


def connect(listener: Listener) -> smtplib.LMTP:
    client = smtplib.LMTP("127.0.0.1", listener.port, local_hostname="mx.acme.test")
    assert client.sock is not None
    client.sock.settimeout(20)
    client.ehlo_or_helo_if_needed()
    return client


def hand_over(client: smtplib.LMTP, raw: bytes, *recipients: str, sender: str = "dana@d.test") -> list[Reply]:
    """The answers for those who were taken; others raise what they are answered as a `KeyError`."""
    assert client.mail(sender)[0] == 250
    for recipient in recipients:
        reply = client.rcpt(recipient)
        if reply[0] != 250:
            raise KeyError(*reply)
    assert client.docmd("DATA")[0] == 354
    client.send(raw.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
    return [client.getreply() for _ in recipients]


def codes(replies: list[Reply]) -> list[int]:
    return [code for code, _ in replies]


def eventually(check: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not check():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_it_offers(listener: Listener) -> None:
    client = connect(listener)
    offered = {"size", "8bitmime", "smtputf8", "pipelining", "enhancedstatuscodes"}
    assert set(client.esmtp_features) >= offered and client.esmtp_features["size"] == str(50 * 1024 * 1024)
    assert client.docmd("EHLO", "x")[0] == 500
    assert client.docmd("DATA")[0] == 503
    assert client.quit()[0] == 221


def test_every_recipient_is_answered_by_itself(post: Post, listener: Listener) -> None:
    client = connect(listener)
    secret = addresses.channel_address(post.cast.secret)
    replies = hand_over(client, post.mail("Hi\n.\n..dots"), post.signed, secret, post.plain)
    assert [reply[1].split()[0] for reply in replies] == [b"2.0.0", b"5.7.1", b"2.0.0"]
    assert codes(replies) == [250, 550, 250]
    assert [row.text for row in post.all()] == ["Hi\n.\n..dots"]
    assert post.kept() == ["nobody vouches for the sender"]
    assert codes(hand_over(client, b"\r\n", post.signed)) == [250]


def test_who_is_not_there_is_refused_before_the_mail_is_sent(post: Post, listener: Listener) -> None:
    client = connect(listener)
    for nobody in ("nobody@nowhere.test", f"nothing@{post.plain.partition('@')[2]}"):
        with pytest.raises(KeyError) as refused:
            hand_over(client, b"", nobody)
        assert refused.value.args[0] == 550 and refused.value.args[1].startswith(b"5.1.1")
        assert client.docmd("DATA")[0] == 503
        client.rset()
    assert codes(hand_over(client, post.mail(), post.signed)) == [250]


def test_reports_come_from_the_null_sender(post: Post, listener: Listener) -> None:
    (reply,) = hand_over(connect(listener), post.mail(), post.reports, sender="")
    assert reply == (250, b"2.0.0 " + answers.DROPPED.text.encode())


def test_mails_that_are_too_big(post: Post, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmtp, "MAIL_BYTES", 100_000)
    client = connect(listener)
    code, text = client.docmd("MAIL", "FROM:<dana@d.test> BODY=8BITMIME SIZE=100001")
    assert (code, text[:5]) == (552, b"5.3.4")
    just = post.mail("x" * 900 + "\n")
    just += b"y" * (100_000 - 2 - len(just))
    assert codes(hand_over(client, just, post.signed)) == [250]
    replies = hand_over(client, b"\r\n".join([b"\0" * 70_000, b"y.", b"z" * 500_000]), post.signed, post.plain)
    assert [(code, text[:5]) for code, text in replies] == [(552, b"5.3.4")] * 2
    assert codes(hand_over(client, post.mail(), post.signed)) == [250]
    assert len(post.all()) == 2


def test_only_so_much_is_held_at_once(post: Post, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmtp, "BYTES_UNDER_WAY", 100_000)
    slow, other = connect(listener), connect(listener)
    slow.mail("dana@d.test")
    slow.rcpt(post.signed)
    slow.docmd("DATA")
    slow.send(post.mail() + b"x" * 90_000)
    eventually(lambda: listener.under_way > 60_000)
    replies = hand_over(other, post.mail() + b"x" * 60_000, post.signed, post.plain)
    assert [(code, text[:5]) for code, text in replies] == [(451, b"4.3.1")] * 2
    slow.send(b"\r\n.\r\n")
    assert slow.getreply()[0] == 250
    assert codes(hand_over(other, post.mail(), post.signed)) == [250]


def test_a_connection_that_dies_in_its_data_leaves_nothing(post: Post, listener: Listener) -> None:
    client = connect(listener)
    client.mail("dana@d.test")
    client.rcpt(post.signed)
    client.docmd("DATA")
    client.send(post.mail() + b"\r\n\n.\n.\r.\r\n\n.\r\n")
    eventually(lambda: listener.under_way > 0)
    client.close()
    eventually(lambda: listener.under_way == 0)
    assert post.untouched()


def test_a_connection_that_dies_before_its_answer_doubles_nothing(
    post: Post, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, real = threading.Event(), inwards.take_in_all

    def wait(mails: Sequence[Delivery]) -> list[list[Answer]]:
        assert go.wait(10)
        return real(mails)

    monkeypatch.setattr(inwards, "take_in_all", wait)
    raw, client = post.mail("Once"), connect(listener)
    client.mail("dana@d.test")
    client.rcpt(post.signed)
    client.docmd("DATA")
    client.send(raw + b"\r\n.\r\n")
    eventually(lambda: listener.under_way == len(raw) + 2)
    client.close()
    go.set()
    eventually(lambda: len(post.all()) == 1)
    assert codes(hand_over(connect(listener), raw, post.signed)) == [250]
    assert [row.text for row in post.all()] == ["Once"]


def test_what_was_taken_is_answered_before_the_end(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, real = threading.Event(), inwards.take_in_all

    def slow(mails: Sequence[Delivery]) -> list[list[Answer]]:
        begun.set()
        time.sleep(0.3)
        return real(mails)

    monkeypatch.setattr(inwards, "take_in_all", slow)
    with listening() as listener:
        busy, idle = connect(listener), connect(listener)
        busy.mail("dana@d.test")
        busy.rcpt(post.signed)
        busy.docmd("DATA")
        busy.send(post.mail() + b"\r\n.\r\n")
        assert begun.wait(10)
    assert busy.getreply()[0] == 250
    for client in (busy, idle):
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()
    assert len(post.all()) == 1


def test_commands_may_come_all_at_once(post: Post, listener: Listener) -> None:
    with socket.create_connection(("127.0.0.1", listener.port)) as sock:
        lines = ["LHLO mx", "MAIL FROM:<dana@d.test>", "RCPT TO:<x@nowhere.test>", f"RCPT TO:<{post.signed}>", "DATA"]
        sock.sendall("\r\n".join([*lines, ""]).encode() + post.mail() + b".\r\nQUIT\r\n")
        with sock.makefile("rb") as answers:
            got = [line[:3] for line in answers if line[3:4] == b" "]
    assert got == [b"220", b"250", b"250", b"550", b"250", b"354", b"250", b"221"]


def test_there_is_an_end_to_connections_and_recipients(
    post: Post, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lmtp, "CONNECTIONS", 2)
    monkeypatch.setattr(lmtp, "RECIPIENTS", 2)
    one, _two = connect(listener), connect(listener)
    with pytest.raises(smtplib.SMTPConnectError) as full:
        connect(listener)
    assert full.value.smtp_code == 421
    with pytest.raises(KeyError) as many:
        hand_over(one, b"", post.signed, post.plain, post.plain)
    assert many.value.args[0] == 452
    one.close()
    eventually(lambda: len(listener._open) == 1)
    assert connect(listener).noop()[0] == 250


def test_who_says_nothing_is_hung_up_on(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmtp, "IDLE_SECONDS", 0.3)
    client = connect(listener)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.getreply()


def test_while_the_database_is_away(post: Post, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError

    client = connect(listener)
    with monkeypatch.context() as patch:
        patch.setattr(inwards, "_settle", away)
        assert codes(hand_over(client, post.mail(), post.signed)) == [451]
        addressed.forget()
        patch.setattr("channels_app.guests.receiving.inwards.addressed.check", away)
        with pytest.raises(KeyError) as refused:
            hand_over(client, b"", post.signed)
        assert refused.value.args[0] == 451
    client.rset()
    assert codes(hand_over(client, post.mail(), post.signed)) == [250]


@pytest.mark.parametrize(
    "junk", [b"\0\r\n", b"\xff\xfe\r\n", b"RCPT TO:<\xff>\r\n", b"MAIL FROM:<<>\r\n", b"x" * 300_000]
)
def test_junk_does_no_harm(post: Post, listener: Listener, junk: bytes) -> None:
    with socket.create_connection(("127.0.0.1", listener.port)) as sock:
        sock.sendall(b"LHLO x\r\nMAIL FROM:<a@b.test>\r\n" + junk + b"\r\nQUIT\r\n")
        with sock.makefile("rb") as answers:
            assert answers.readlines()[-1].startswith(b"221")
    assert codes(hand_over(connect(listener), post.mail(), post.signed)) == [250]


def test_a_socket_file(post: Post, tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    with listening(f"unix:{path}"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        client = smtplib.LMTP(str(path))
        client.ehlo_or_helo_if_needed()
        assert codes(hand_over(client, post.mail(), post.signed)) == [250]
    assert not path.exists()


@pytest.mark.parametrize("address", ["", "localhost", ":24", "localhost:", "[::1]:70000", "unix:relative"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError):
        Listener(address)


def test_the_address_of_version_six(post: Post) -> None:
    try:
        with listening("[::1]:0") as listener:
            assert listener.port
    except OSError:
        pytest.skip("this machine has no IPv6")
