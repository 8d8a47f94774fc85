"""The listener over a real socket: an answer for each recipient, and an end to everything."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import threading
from collections.abc import Iterator

import pytest

from channels_app.chat import guests
from channels_app.chat.models import Message
from channels_app.guests import addresses, lmtp
from channels_app.guests.lmtp import Listener
from tests.cast import Cast
from workspace.operate.part import free_port

pytestmark = pytest.mark.django_db(transaction=True)
GUS = "gus@g.test"
MAIL = f"From: {GUS}\r\nMessage-ID: <1@g.test>\r\n\r\nhello\r\n"


@pytest.fixture
def port() -> Iterator[int]:
    port, loop = free_port(), asyncio.new_event_loop()
    listener = Listener(f"127.0.0.1:{port}")
    loop.run_until_complete(listener.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield port
    asyncio.run_coroutine_threadsafe(listener.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def _address(cast: Cast) -> str:
    seat = guests.invite(person=cast.bob, channel=cast.general.id, email=GUS)
    return addresses.reply_to(cast.general, seat.membership.person_id)


def test_each_recipient_has_its_own_answer(cast: Cast, port: int) -> None:
    signed, open_ = _address(cast), f"general@{cast.acme.slug}.roost.localhost"
    eve = f"From: eve@e.test\r\n\r\nhello from {open_}\r\n"
    with smtplib.LMTP("127.0.0.1", port) as server:
        server.ehlo_or_helo_if_needed()
        refused = server.sendmail(GUS, [signed, "nobody@e.test"], MAIL)
        assert {to: code for to, (code, _) in refused.items()} == {"nobody@e.test": 550}
        with pytest.raises(smtplib.SMTPDataError) as raised:
            server.sendmail("eve@e.test", [open_], eve)
        assert raised.value.smtp_code == 550
    assert list(Message.objects.values_list("text", flat=True)) == ["hello"]


def test_answers_after_the_mail_come_in_the_order_of_the_recipients(cast: Cast, port: int) -> None:
    signed, open_ = _address(cast), f"general@{cast.acme.slug}.roost.localhost"
    mail = MAIL.replace(GUS, "eve@e.test", 1)
    with socket.create_connection(("127.0.0.1", port), 10) as client, client.makefile("rwb") as wire:
        said = [
            b"LHLO x",
            b"MAIL FROM:<eve@e.test>",
            b"RCPT TO:<%s>" % open_.encode(),
            b"RCPT TO:<%s>" % signed.encode(),
        ]
        for line in [b"", *said, b"DATA"]:
            if line:
                wire.write(line + b"\r\n")
                wire.flush()
            while (answer := wire.readline())[3:4] == b"-":
                pass
            assert answer[:1] in (b"2", b"3"), answer
        wire.write(mail.encode() + b".\r\n")
        wire.flush()
        assert [wire.readline()[:3] for _ in range(2)] == [b"550", b"250"]


def test_what_is_too_much(cast: Cast, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    signed = _address(cast)
    monkeypatch.setattr(lmtp, "MOST_BYTES", 10)
    with smtplib.LMTP("127.0.0.1", port) as server, pytest.raises(smtplib.SMTPDataError) as raised:
        server.sendmail(GUS, [signed], MAIL)
    assert raised.value.smtp_code == 451
    monkeypatch.setattr(lmtp, "MOST_CONNECTIONS", 1)
    with smtplib.LMTP("127.0.0.1", port), pytest.raises(smtplib.SMTPConnectError) as refused:
        smtplib.LMTP("127.0.0.1", port)
    assert refused.value.smtp_code == 421
    assert not Message.objects.exists()


def test_a_connection_that_breaks_leaves_nothing(cast: Cast, port: int) -> None:
    signed = _address(cast)
    with smtplib.LMTP("127.0.0.1", port) as server:
        server.ehlo_or_helo_if_needed()
        server.mail(GUS)
        server.rcpt(signed)
        server.putcmd("data")
        server.getreply()
        server.send(b"From: gus@g.test\r\n\r\nhalf a")
        server.close()
    with smtplib.LMTP("127.0.0.1", port) as server:
        assert server.sendmail(GUS, [signed], MAIL) == {}
    assert list(Message.objects.values_list("text", flat=True)) == ["hello"]
