"""Mail for channels that lies in a mailbox: taken in once and put away; the rest stays, and nobody is told in error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from unittest.mock import patch

import pytest
from django.core.cache import cache
from pytest_django import Settings

from channels_app.chat import guests
from channels_app.chat.models import Message
from channels_app.guests import addresses
from channels_app.guests.receiving import inbox, inwards
from channels_app.guests.receiving.answers import AGAIN, Answer
from channels_app.guests.receiving.inbox import Inbox
from channels_app.guests.receiving.inwards import Delivery
from channels_app.letters.models import Quarantined
from tests.bed.bed import Bed
from tests.bed.mta import NAME
from tests.bed.providers import DONE, Account
from tests.cast import Cast
from tests.operate.house import until
from workspace.events.lanes import TryLater

pytestmark = [pytest.mark.xdist_group("bed")]

Follow = Callable[[], AbstractContextManager[None]]
VOUCHED = f"{NAME}; dmarc=pass header.from=b.test"


@pytest.fixture
def catch_all(bed: Bed) -> Account:
    """The mailbox where all mail for channels lands."""
    return bed.provider("a.test").account("catchall")


@pytest.fixture
def told() -> list[tuple[str, bytes]]:
    return []


@pytest.fixture
def follow(catch_all: Account, told: list[tuple[str, bytes]], settings: Settings) -> Iterator[Follow]:
    url = f"imap://{catch_all.address.replace('@', '%40')}:pw@127.0.0.1:{catch_all.mailboxes.imap}/INBOX"
    cache.delete(inbox.LEASE)

    @contextmanager
    def following() -> Iterator[None]:
        follower = Inbox(url, lambda to, report: told.append((to, report)))
        follower.start()
        try:
            yield
        finally:
            follower.stop()

    yield following


@pytest.fixture
def signed(cast: Cast) -> str:
    """Gus's address in #general."""
    guest = guests.invite(person=cast.bob, channel=cast.general.id, email="gus@b.test", name="Gus").membership.person
    return addresses.reply_to(cast.general, guest.id)


@pytest.fixture(autouse=True)
def _trusts(settings: Settings) -> None:
    settings.TRUSTED_AUTHSERV = [NAME]


def _put(box: Account, to: str, text: str, *above: str, sender: str = "gus@b.test", id: str = "") -> None:
    """A mail as its server put it there."""
    lines = [*above, f"From: Gus <{sender}>", f"To: {to}", f"Message-ID: <{id or text.split()[0]}@b.test>"]
    mail = "\r\n".join([*lines, "Subject: Re: x", "", text, ""]).encode()
    with box.imap() as client:
        client.append("INBOX", mail)


def _texts(cast: Cast) -> list[str]:
    rows = Message.objects.filter(channel=cast.general).order_by("seq")
    return list(rows.values_list("text", flat=True))


def _done(box: Account) -> int:
    return len(box.inbox(DONE))


def test_what_is_for_a_channel_is_taken_in_and_put_away(
    cast: Cast, catch_all: Account, follow: Follow, signed: str
) -> None:
    _put(catch_all, signed, "one", "Return-Path: <gus@b.test>")
    _put(catch_all, "catchall@a.test", "private")
    with follow():
        until(lambda: _texts(cast) == ["one"], 20)
        _put(catch_all, "undisclosed:;", "two", f"X-Original-To: {signed}", "Return-Path: <gus@b.test>")
        until(lambda: _texts(cast) == ["one", "two"] and _done(catch_all) == 2, 20)
    assert [one.text for one in catch_all.inbox()] == ["private"]


def test_a_second_time_is_harmless_and_one_follows(cast: Cast, catch_all: Account, follow: Follow, signed: str) -> None:
    _put(catch_all, signed, "once")
    with patch.object(inbox._Box, "put_away", side_effect=OSError("it died")), follow():
        until(lambda: _texts(cast) == ["once"], 20)
    assert len(catch_all.inbox()) == 1
    with follow():
        until(lambda: _done(catch_all) == 1, 20)
        holder = cache.get(inbox.LEASE)
        with follow():
            _put(catch_all, signed, "again")
            until(lambda: _done(catch_all) == 2, 20)
            assert cache.get(inbox.LEASE) == holder
    assert _texts(cast) == ["once", "again"] and cache.get(inbox.LEASE) is None


@pytest.mark.parametrize(
    ("above", "is_told"),
    [
        (("Return-Path: <eve@b.test>", f"Authentication-Results: {VOUCHED}"), True),
        (("Return-Path: <eve@b.test>",), False),
        ((f"Authentication-Results: {VOUCHED}",), False),
        (("Return-Path: <victim@c.test>", f"Authentication-Results: {VOUCHED}"), False),
        (("Return-Path: <>", f"Authentication-Results: {VOUCHED}"), False),
        (("Return-Path: <eve@b.test>", f"Authentication-Results: {VOUCHED}", "Auto-Submitted: auto-replied"), False),
    ],
)
def test_who_is_refused_is_told_only_if_they_wrote_it(
    cast: Cast, catch_all: Account, follow: Follow, told: list[tuple[str, bytes]], above: tuple[str, ...], is_told: bool
) -> None:
    _put(catch_all, addresses.channel_address(cast.general), "Let me in", *above, sender="eve@b.test")
    with follow():
        until(lambda: _done(catch_all) == 1, 20)
    assert not _texts(cast) and [to for to, _ in told] == (["eve@b.test"] if is_told else [])
    for _, report in told:
        assert b"Action: failed" in report and b"Status: 5.7.1" in report and b"<Let@b.test>" in report
        assert b"take part in this channel" in report and b"Auto-Submitted: auto-replied" in report


def test_a_forgery_goes_to_quarantine(cast: Cast, catch_all: Account, follow: Follow, signed: str) -> None:
    _put(catch_all, signed, "psst", "Return-Path: <eve@b.test>", sender="bob@a.test")
    with follow():
        until(lambda: _done(catch_all) == 1, 20)
    assert not _texts(cast) and Quarantined.objects.count() == 1


def test_what_can_not_be_taken_yet_stays(
    cast: Cast, catch_all: Account, follow: Follow, signed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def not_yet(mails: Sequence[Delivery]) -> list[list[Answer]]:
        tried.extend(recipient for mail in mails for recipient in mail.recipients)
        return [[AGAIN] * len(mail.recipients) for mail in mails]

    monkeypatch.setattr(inbox, "AGAIN_SECONDS", 0.1)
    with pytest.MonkeyPatch.context() as trouble:
        trouble.setattr(inwards, "take_in_all", not_yet)
        _put(catch_all, signed, "patience")
        with follow():
            until(lambda: len(tried) >= 2, 20)
    assert set(tried) == {signed} and len(catch_all.inbox()) == 1 and not _done(catch_all)
    with follow():
        until(lambda: _texts(cast) == ["patience"], 20)


def test_who_can_not_be_told_yet_is_told_later(
    cast: Cast, catch_all: Account, told: list[tuple[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "AGAIN_SECONDS", 0.1)
    cache.delete(inbox.LEASE)

    def tell(to: str, report: bytes) -> None:
        told.append((to, report))
        if len(told) == 1:
            raise TryLater("the relay is away")

    above = ("Return-Path: <eve@b.test>", f"Authentication-Results: {VOUCHED}")
    _put(catch_all, addresses.channel_address(cast.general), "Hello", *above, sender="eve@b.test")
    follower = Inbox(f"imap://catchall%40a.test:pw@127.0.0.1:{catch_all.mailboxes.imap}", tell)
    follower.start()
    until(lambda: _done(catch_all) == 1, 20)
    follower.stop()
    assert [to for to, _ in told] == ["eve@b.test"] * 2


def test_the_gateway_follows_and_tells_by_its_relay(
    bed: Bed, cast: Cast, catch_all: Account, signed: str, settings: Settings
) -> None:
    eve = bed.provider("b.test").account("eve")
    cache.delete(inbox.LEASE)
    settings.INBOX_URL = f"imap://catchall%40a.test:pw@127.0.0.1:{catch_all.mailboxes.imap}"
    above = ("Return-Path: <eve@b.test>", f"Authentication-Results: {VOUCHED}")
    _put(catch_all, addresses.channel_address(cast.general), "Hello", *above, sender="eve@b.test")
    _put(catch_all, signed, "Yes")
    with bed.gateway(settings):
        (report,) = eve.gets(1)
        until(lambda: _texts(cast) == ["Yes"] and _done(catch_all) == 2, 20)
    assert report.sender == "" and report.mail["Subject"] == "Undelivered Mail Returned to Sender"
