"""Two admins' work with a shared channel, in a real browser: to offer one, and to take what somebody offers."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from channels_app.mail import Address, Note, Slip, compose_note, dkim, write_slip
from tests.system.conftest import Acme
from tests.system.pages import Window
from tests.system.test_browser import channel

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(120)]

BETA = Address("Bea (Beta)", "roost+saaaaaaaaaaaaaaaa@beta.b.test")


def _offer_of_beta(acme: Acme) -> None:
    """The mail of another server, as the company's mail server hands it over."""
    key = dkim.read_key(dkim.new_key(), selector="roost", domain="b.test")
    slip = Slip(share="S" * 16, kind="offer", channel="C" * 16, epoch="E" * 16, base=0)
    headers = {
        "Share": write_slip(slip),
        "Key": f"{key.selector} {key.domain} {key.record}",
        "Organization": "Beta",
        "Channel-Name": "project",
        "Channel-Topic": "What we build",
        "Author-Name": "Bea",
    }
    to = Address("", "roost@acme.roost.localhost")
    note = Note(
        message_id="<1@b.test>", sender=BETA, to=to, subject="An offer", date=datetime.now(UTC), text="", roost=headers
    )
    host, _, port = acme.house.up.env()["LMTP_LISTEN"].rpartition(":")
    with smtplib.LMTP(host, int(port)) as server:
        assert server.sendmail(BETA.email, [to.email], dkim.sign(compose_note(note), key)) == {}


def test_an_admin_offers_a_channel_and_takes_one(acme: Acme, alice: Window, bob: Window) -> None:
    channel("plans", alice, bob)
    for window in (alice, bob):
        window.page.get_by_role("button", name="Members").click()
    others = alice.page.get_by_role("region", name="Other organizations")
    others.get_by_role("button", name="Share with another organization").click()
    alice.page.get_by_label("Their address").fill("roost@beta.b.test")
    alice.page.get_by_role("button", name="Send the offer").click()
    expect(others).to_contain_text("Offered to roost@beta.b.test")
    seen = bob.page.get_by_role("region", name="Other organizations")
    expect(seen).to_contain_text("Offered to roost@beta.b.test")
    expect(seen.get_by_role("button")).to_have_count(0)
    others.get_by_role("button", name="Take the offer back").click()
    expect(others.get_by_role("button", name="Share with another organization")).to_be_visible()
    expect(seen).to_have_count(0)

    _offer_of_beta(acme)
    offered = alice.sidebar.get_by_role("button", name="Beta offers “project”")
    offered.click()
    dialog = alice.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Bea (beta.b.test) would like to share")
    dialog.get_by_label("Name here").fill("with-beta")
    dialog.get_by_role("button", name="Accept").click()
    expect(alice.page.get_by_role("heading", name="with-beta", level=1)).to_be_visible()
    expect(alice.page.get_by_role("button", name="Shared with Beta")).to_be_visible()
    expect(offered).to_have_count(0)
    expect(bob.sidebar.get_by_text("Beta offers")).to_have_count(0)
