"""A stranger writes by mail, in real browsers: the tray, the conversation, the block, and what was held back."""

from __future__ import annotations

import smtplib

import pytest
from playwright.sync_api import Locator, expect

from tests.system.conftest import MX, Acme, Opener
from tests.system.pages import Window

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(120)]


def hand_in(acme: Acme, sender: str, subject: str, text: str, *, to: str = "bob", vouched: bool = True) -> None:
    """As the company's mail server does, with its word on whether the mail is from there."""
    host, _, port = acme.house.up.env()["LMTP_LISTEN"].rpartition(":")
    email = sender.rpartition("<")[2].rstrip(">")
    result = f"dmarc=pass header.from={email.partition('@')[2]}" if vouched else "none"
    heads = [f"Authentication-Results: {MX}; {result}", f"From: {sender}", f"Subject: {subject}"]
    with smtplib.LMTP(host, int(port)) as server:
        mail = "\r\n".join([*heads, "Content-Type: text/html; charset=utf-8", "", text, ""]).encode()
        assert server.sendmail(email, [f"{to}@acme.roost.localhost"], mail) == {}


def requests_of(window: Window) -> Locator:
    """The button that says how many strangers wait, as long as there are some."""
    return window.sidebar.get_by_role("button", name="Requests")


def test_a_stranger_is_heard_when_one_likes(acme: Acme, alice: Window, bob: Window) -> None:
    hand_in(acme, "Eve Adams <eve@e.test>", "Chairs", "<script>alert(1)</script><p>Do you sell <b>chairs</b>?</p>")
    requests_of(bob).click()
    hand_in(acme, "Eve Adams <eve@e.test>", "Chairs, again", "<p>Hello?</p>")
    request = bob.dialog.get_by_role("button", name="Eve Adams")
    expect(request).to_contain_text("(2 mails)")
    expect(request).to_contain_text("eve@e.test")
    expect(bob.dialog.get_by_text("bob@acme.roost.localhost")).to_be_visible()
    request.click()
    expect(bob.dialog.get_by_role("article").first.locator("strong")).to_have_text("chairs")
    expect(bob.dialog.get_by_role("article")).to_contain_text(["Do you sell chairs?", "Hello?"])
    bob.press("Accept")
    expect(bob.composer("Eve Adams")).to_be_visible()
    bob.sees_in_order(["Do you sell chairs?", "Hello?"])
    bob.post("We do.")
    hand_in(acme, "Eve Adams <eve@e.test>", "Re: Chairs", "<p>How much?</p>")
    bob.sees_in_order(["Do you sell chairs?", "Hello?", "We do.", "How much?"])
    expect(alice.sidebar.get_by_text("Eve Adams")).to_have_count(0)


def test_one_is_declined_and_one_is_blocked(acme: Acme, bob: Window) -> None:
    hand_in(acme, "Mallory <m@m.test>", "Offer", "<p>Buy!</p>")
    hand_in(acme, "Trudy <t@t.test>", "Offer", "<p>Buy more!</p>")
    requests_of(bob).click()
    bob.dialog.get_by_role("button", name="Mallory").click()
    bob.press("Block")
    bob.dialog.get_by_role("button", name="Trudy").click()
    bob.press("Decline")
    waiting = bob.dialog.get_by_role("list", name="Requests")
    for name in ("Mallory", "Trudy"):
        expect(waiting.get_by_role("button", name=name)).to_have_count(0)
    with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)):
        hand_in(acme, "Mallory <m@m.test>", "Offer", "<p>Buy!</p>")
    bob.press("Unblock m@m.test")
    expect(bob.dialog.get_by_role("heading", name="Blocked")).to_have_count(0)
    hand_in(acme, "Mallory <m@m.test>", "Offer", "<p>Once more</p>")
    expect(waiting.get_by_role("button", name="Mallory")).to_contain_text("Once more")


def test_what_was_held_back(acme: Acme, alice: Window, bob: Window) -> None:
    made = alice.call("POST", "/channels", {"name": "held", "kind": "public", "members": [bob.me["id"]]})
    hand_in(acme, "Bob <bob@a.test>", "Notes", "<p>From my mailbox</p>", to="held", vouched=False)
    hand_in(acme, "Oscar <o@o.test>", "Hi", "<p>May I?</p>", vouched=False)
    alice.menu_of_workspace("Held mail")
    rows = alice.dialog.get_by_role("list", name="Held mail").get_by_role("button")
    expect(rows).to_contain_text(["o@o.test", "bob@a.test"])
    rows.filter(has_text="o@o.test").click()
    expect(alice.dialog.get_by_text("Only Bob can read it")).to_be_visible()
    alice.press("Let it in")
    expect(requests_of(bob)).to_be_visible()
    alice.dialog.get_by_label("Channel").select_option(made["id"])
    rows.filter(has_text="bob@a.test").click()
    expect(alice.dialog.get_by_text("Held back: nobody vouches for the sender")).to_be_visible()
    alice.dialog.get_by_text("All headers").click()
    expect(alice.dialog.get_by_text(f"{MX}; none")).to_be_visible()
    with alice.page.expect_download() as download:
        alice.dialog.get_by_role("link", name="Download").click()
    assert b"From my mailbox" in download.value.path().read_bytes()
    alice.press("Post it")
    expect(alice.dialog.get_by_text("Nothing is held back.")).to_be_visible()
    bob.go_to("held")
    bob.sees("From my mailbox")
    bob.page.get_by_role("button", name="menu of").click()
    expect(bob.page.get_by_role("menuitem", name="Held mail")).to_have_count(0)


def test_the_tray_on_a_phone_in_the_dark(acme: Acme, window_of: Opener) -> None:
    hand_in(acme, f"{'Long name ' * 9}<{'very-long-' * 5}x@{'sub.' * 20}p.test>", "S" * 200, f"<p>{'word' * 90}</p>")
    phone = window_of(
        "Bob", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, color_scheme="dark"
    )
    phone.open()
    phone.press("Open the menu")
    requests_of(phone).click()
    phone.dialog.get_by_role("button", name="Long name").click()
    expect(phone.dialog.get_by_role("article")).to_be_visible()
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("Accept", "Decline", "Block", "All requests"):
        box = phone.dialog.get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390, (name, box)
