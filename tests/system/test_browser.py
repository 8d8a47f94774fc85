"""A day at Acme, in real browsers and a mail program at once: each script is what somebody does and then sees."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import expect

from tests.system.conftest import Acme, Opener
from tests.system.mailbox import files_of, html_of, open_mailbox, text_of
from tests.system.pages import Window

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(120)]


def channel(name: str, alice: Window, *others: Window) -> str:
    """A channel of Alice's with these people in it, open in everybody's window."""
    people = [window.me["id"] for window in others]
    made = alice.call("POST", "/channels", {"org": "acme", "name": name, "kind": "public", "members": people})
    for window in (alice, *others):
        window.go_to(name)
    return str(made["id"])


def test_the_first_run(acme: Acme, window_of: Opener) -> None:
    stranger = window_of("nobody")
    stranger.sign_in("alice@a.test", "a wrong password")
    expect(stranger.page.get_by_role("alert")).to_be_visible()
    stranger.sign_in("alice@a.test")
    expect(stranger.page.get_by_role("button", name="Acme, menu of Alice")).to_be_visible()
    late = window_of("nobody")
    late.found(acme.link, organization="Evil", name="Charlie", email="charlie@c.test")
    expect(late.page.get_by_role("alert")).to_be_visible()
    stranger.errors, late.errors = [], []  # the browser logs the refusals


def test_two_browsers_and_a_mail_program(alice: Window, bob: Window) -> None:
    alice.create_channel("garden")
    bob.join_channel("garden")
    alice.post("The **plan**:\n```python\nplants = ['rose']\n```")
    seen = bob.sees("The plan:")
    expect(seen.locator("strong")).to_have_text("plan")
    expect(seen.locator("pre.hl")).to_contain_text("plants = ['rose']")
    bob.reply("The plan", "Roses need sun")
    alice.act("The plan", "Reply in thread")
    alice.sees("Roses need sun", within=alice.thread)

    settings = bob.mail_settings()
    with open_mailbox(settings) as mailbox:
        plan, roses = mailbox.mail("The **plan**"), mailbox.mail("Roses need sun")
        assert plan["From"].addresses[0].display_name == "Alice" and "<strong>plan</strong>" in html_of(plan)
        assert roses["In-Reply-To"] == plan["Message-ID"]
        mailbox.answer(roses, "There is sun behind the barn.\n\n> Roses need sun\n", sender="bob@a.test")
        for window in (alice, bob):
            answer = window.sees("There is sun behind the barn.", within=window.thread)
            expect(answer.get_by_text("by mail")).to_be_visible()
            expect(window.message("The plan").get_by_role("button", name="2 replies")).to_be_visible()
        alice.answer("Then there")
        assert text_of(mailbox.mail("Then there")).strip() == "Then there"
        assert len(mailbox.mails()) == 4


def test_reactions_edits_pins_and_a_deletion(alice: Window, bob: Window) -> None:
    channel("kitchen", alice, bob)
    alice.post("Soop today")
    bob.sees("Soop today")
    bob.react("Soop today", "👍")
    expect(alice.message("Soop").get_by_role("button", name="👍 1, Bob")).to_be_visible()
    alice.message("Soop").get_by_role("button", name="👍 1, Bob").click()
    expect(bob.message("Soop").get_by_role("button", name=re.compile("👍 2"))).to_be_visible()

    alice.act("Soop today", "Edit message")
    alice.fill(Edit_message="Soup today")
    alice.press("Save")
    edited = bob.sees("Soup today")
    edited.get_by_role("button", name="edited").click()
    expect(bob.dialog.get_by_text("Soop today")).to_be_visible()
    bob.page.keyboard.press("Escape")

    bob.act("Soup today", "Pin message")
    alice.press("Pinned messages")
    alice.sees("Soup today", within=alice.page.get_by_role("complementary", name="Pinned messages"))

    alice.act("Soup today", "Delete message")
    alice.dialog.get_by_role("button", name="Delete").click()
    for window in (alice, bob):
        window.sees("This message was deleted.")
        expect(window.page.get_by_text("Soup today")).to_have_count(0)


def test_what_is_unread_and_who_calls(alice: Window, bob: Window) -> None:
    channel("news", alice, bob)
    channel("other", alice, bob)
    alice.go_to("news")
    alice.post("Read by Bob later")
    expect(bob.entry("news")).to_have_accessible_name("news, public channel, 1 unread")
    alice.composer().press_sequentially("Hey @bo")
    expect(alice.page.get_by_role("option", name="Bob")).to_be_visible()
    alice.page.keyboard.press("Enter")
    alice.page.keyboard.type("look")
    alice.page.keyboard.press("Enter")
    expect(bob.entry("news")).to_have_accessible_name("news, public channel, 2 unread, 1 for you")
    expect(bob.page).to_have_title(re.compile(r"^\(1\) "))

    bob.go_to("news")
    expect(bob.messages.get_by_text("New", exact=True)).to_be_visible()
    bob.sees("Hey @Bob look")
    expect(bob.entry("news")).to_have_accessible_name("news, public channel")
    alice.post("One more")
    bob.sees("One more")
    expect(bob.entry("news")).to_have_accessible_name("news, public channel")


def test_names_lead_to_channels_and_people(alice: Window, bob: Window) -> None:
    channel("map", alice, bob)
    channel("here", alice, bob)
    alice.post(f"See #map, says @{bob.me['handle']}, not `#map`")
    bob.sees("See #map").get_by_role("link", name="#map").click()
    expect(bob.composer("map")).to_be_visible()
    alice.sees("See #map").get_by_text("@Bob").click()
    alice.dialog.get_by_role("button", name="Message", exact=True).click()
    expect(alice.composer("Bob")).to_be_visible()


def test_names_lead_to_open_channels_one_is_not_in(alice: Window, bob: Window) -> None:
    channel("attic", alice)
    channel("lobby", alice, bob)
    bob.open()  # only then does it know of the attic as a page does that was not open when that was made
    bob.go_to("lobby")
    alice.post(f"More in #attic, @{bob.me['handle']}, up there")
    bob.sees("More in #attic").get_by_role("button", name="@Bob").focus()
    bob.page.keyboard.press("Enter")
    expect(bob.dialog.get_by_text("bob@a.test")).to_be_visible()
    bob.page.keyboard.press("Escape")
    bob.message("More in #attic").get_by_role("link", name="#attic").click()
    bob.press("Join channel")
    expect(bob.composer("attic")).to_be_visible()
    expect(bob.entry("attic")).to_be_visible()


def test_a_channel_is_deleted_under_its_readers(alice: Window, bob: Window) -> None:
    channel("refuge", alice, bob)
    gone = channel("doomed", alice, bob)
    for window in (alice, bob):  # a page that knows of it from the start has nothing to ask later, when it is gone
        window.open(f"/c/{gone}")
        expect(window.messages).to_be_visible()
    alice.call("DELETE", f"/channels/{gone}")
    expect(bob.page.get_by_text("#doomed was deleted")).to_be_visible()
    for window in (alice, bob):
        expect(window.entry("doomed")).to_have_count(0)
        expect(window.composer()).to_be_visible()


def test_messages_stay_where_they_are(alice: Window, bob: Window) -> None:
    long = channel("long", alice, bob)
    short = channel("short", alice, bob)
    for number in range(40):
        alice.call("POST", f"/channels/{long}/messages", {"text": f"Line {number} " + "and so on " * (number % 30)})
    for text in ("Lies still", "And this"):
        alice.call("POST", f"/channels/{short}/messages", {"text": text})
    for window in (alice, bob):
        window.watch()
    for window, place, text in ((alice, long, "Line 39"), (bob, long, "Line 0 "), (alice, short, "Lies still")):
        window.open(f"/c/{place}")
        window.sees(text).hover()
        assert window.moves == [], text
    bob.go_to("short")
    bob.react("Lies still", "👍")
    expect(alice.message("Lies still").get_by_role("button", name="👍 1, Bob")).to_be_visible()
    assert [move for move in alice.moves if "Lies still" in move[0]] == []


def test_a_long_thread_opens_at_its_end_and_keeps_its_place(alice: Window, bob: Window) -> None:
    talk = channel("talk", alice, bob)
    root = alice.call("POST", f"/channels/{talk}/messages", {"text": "What now?"})["id"]
    for number in range(210):
        alice.call("POST", f"/channels/{talk}/messages", {"text": f"Idea {number}.", "thread": root})
    bob.message("What now?").get_by_role("button", name="210 replies").click()
    bob.sees("Idea 209.", within=bob.thread)
    assert bob.thread.get_by_role("article").count() < 100
    bob.thread.get_by_role("log").evaluate("log => log.scrollBy(0, -2000)")
    expect(bob.thread.get_by_role("button", name="Newest")).to_be_visible()
    bob.watch()
    alice.call("POST", f"/channels/{talk}/messages", {"text": "The last idea.", "thread": root})
    expect(bob.message("What now?").get_by_role("button", name="211 replies")).to_be_visible()
    assert [move for move in bob.moves if "Idea" in move[0]] == []
    bob.thread.get_by_role("button", name="Newest").click()
    bob.sees("The last idea.", within=bob.thread)


def test_a_direct_message(alice: Window, bob: Window) -> None:
    alice.write_to("Bob")
    alice.post("Just for you")
    expect(bob.entry("Alice")).to_have_accessible_name("Alice, 1 unread, 1 for you")
    bob.go_to("Alice")
    bob.sees("Just for you")
    bob.post("And for you")
    alice.sees("And for you")
    settings = bob.mail_settings()
    with open_mailbox(settings) as mailbox:
        assert mailbox.mail("Just for you")["From"].addresses[0].display_name == "Alice"


def test_a_code_for_delta_chat(alice: Window) -> None:
    alice.create_channel("codes")
    alice.press("Members: 1")
    alice.guests.get_by_role("button", name="Invite by Delta Chat").click()
    expect(alice.dialog).to_contain_text("the server itself can read it")
    alice.dialog.get_by_role("button", name="Make a code").click()
    image = alice.dialog.get_by_role("img", name="A QR code to scan with Delta Chat")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.naturalWidth > 100")
    expect(alice.dialog).to_contain_text("https://i.delta.chat/#")
    alice.dialog.get_by_role("button", name="Take this code back").click()
    expect(image).to_have_count(0)


def test_a_guest_by_mail(alice: Window, bob: Window) -> None:
    channel("porch", alice, bob)
    for window in (alice, bob):
        window.press("Members: 2")
    alice.press("Invite a guest by mail")
    alice.fill(Email="dana@nowhere")
    alice.dialog.get_by_label("Name (optional)").fill("Dana")
    alice.press("Invite")
    address = alice.dialog.get_by_label("Email")
    expect(address).to_have_accessible_description("This is not a mail address.")
    expect(address).to_be_focused()
    alice.fill(Email="dana@mail.test")
    alice.press("Invite")
    expect(alice.dialog).to_have_count(0)
    expect(alice.guest("Dana")).to_contain_text("mail.test")
    expect(bob.guest("Dana")).to_contain_text("mail.test · invited by Alice")
    expect(bob.guest("Dana")).to_contain_text("Every message")
    expect(bob.page.get_by_role("complementary", name="Members").get_by_text("Dana")).to_have_count(1)
    bob.composer().press_sequentially("@da")
    expect(bob.page.get_by_role("option", name="Dana")).to_contain_text("guest")

    alice.menu_of_guest("Dana", "Daily digest")
    alice.page.keyboard.press("Escape")
    expect(bob.guest("Dana")).to_contain_text("Daily digest")
    alice.menu_of_guest("Dana", "Set an end date")
    alice.fill(Last_day="2999-12-31")
    alice.press("Save")
    expect(bob.guest("Dana")).to_contain_text("until Dec 31, 2999")
    expect(alice.guest("Dana").get_by_role("button")).to_be_focused()
    alice.menu_of_guest("Dana", "Clear the end date")
    expect(bob.guest("Dana")).not_to_contain_text("until")

    bob.guest("Dana").get_by_role("button", name="More about Dana").click()
    expect(bob.page.get_by_role("menuitem")).to_have_text(["Copy e-mail address"])  # Alice looks after her
    alice.menu_of_guest("Dana", "Remove from the channel")
    alice.press("Remove")
    expect(alice.composer()).to_be_focused()
    for window in (alice, bob):
        expect(window.guest("Dana")).to_have_count(0)
    expect(alice.page.get_by_role("button", name="Members: 2")).to_be_visible()
    alice.errors = []  # the browser logs the refusal


def test_guests_of_several_channels(alice: Window, bob: Window) -> None:
    """Bob invites into two channels at once; Alice finds the guest in the list of all, and hands him over."""
    channel("roof", alice, bob)
    channel("cellar", alice, bob)
    bob.press("Members: 2")
    bob.press("Invite a guest by mail")
    bob.fill(Email="gus@mail.test")
    bob.dialog.get_by_label("Name (optional)").fill("Gus")
    bob.dialog.get_by_label("roof").check()
    bob.press("Invite")
    expect(bob.page.get_by_text("Gus is a guest of #cellar and #roof")).to_be_visible()

    alice.menu_of_workspace("Guests by mail")
    row = alice.dialog.get_by_role("row").filter(has_text="gus@mail.test")
    expect(row).to_contain_text("#cellar")
    alice.dialog.get_by_label("Find a guest").fill("nobody")
    expect(alice.dialog.get_by_text("No guests are like that.")).to_be_visible()
    alice.dialog.get_by_label("Find a guest").fill("GUS@")
    alice.dialog.get_by_role("button", name="More about Gus in roof").click()
    alice.page.get_by_role("menuitem", name="Change who vouches").click()
    alice.dialog.get_by_label("Member", exact=True).select_option("Alice")
    alice.press("Save")
    expect(alice.dialog.get_by_role("row").filter(has_text="#roof")).to_contain_text("Alice")
    alice.dialog.get_by_role("button", name="More about Gus in cellar").click()
    alice.page.get_by_role("menuitem", name="Remove everywhere").click()
    alice.press("Remove everywhere")
    expect(bob.guest("Gus")).to_have_count(0)


def test_somebody_asks_by_a_link(alice: Window, bob: Window, window_of: Opener) -> None:
    channel("yard", alice, bob)
    bob.press("Members: 2")
    bob.press("Invitation links")
    bob.press("Make a link")
    link = bob.dialog.get_by_label("Link", exact=True).input_value()
    bob.page.keyboard.press("Escape")

    ida = window_of("Ida", java_script_enabled=False)  # nobody here, and with a phone that is careful
    ida.page.goto(link)
    expect(ida.page.get_by_text("Bob invites you to take part in yard at Acme")).to_be_visible()
    ida.fill(Your_name="Ida", Your_mail_address="ida@mail.test")
    ida.press("Ask to take part")
    expect(ida.page.get_by_role("heading", name="Thank you")).to_be_visible()

    for window in (alice, bob):
        expect(window.page.get_by_role("button", name="Asking to join")).to_be_visible()
    alice.press("Asking to join: 1")
    alice.press("Approve Ida")
    expect(alice.dialog.get_by_text("Nobody waits.")).to_be_visible()
    expect(bob.guest("Ida")).to_contain_text("invited by you")
    expect(bob.page.get_by_role("button", name="Asking to join")).to_have_count(0)


def test_a_file_dropped_here_is_in_the_mail(alice: Window, bob: Window) -> None:
    channel("files", alice, bob)
    size = 800_000
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    alice.context.new_cdp_session(alice.page).send("Network.emulateNetworkConditions", slow)
    alice.drop_file("seeds.bin", "application/octet-stream", size=size)
    expect(alice.page.get_by_role("progressbar", name="Uploading seeds.bin")).to_be_visible()
    alice.drop_file("notes.txt", "text/plain", text="sow in May")
    alice.post("What we had")
    expect(alice.page.get_by_text("Will be sent once")).to_be_visible()
    alice.press("Take back")
    alice.post("What we have")
    message = bob.sees("What we have")
    with bob.page.expect_download() as downloading:
        message.get_by_role("link", name="notes.txt").click()
    assert downloading.value.path().read_text() == "sow in May"
    with open_mailbox(bob.mail_settings()) as mailbox:
        files = files_of(mailbox.mail("What we have"))
    assert files["notes.txt"] == b"sow in May" and len(files["seeds.bin"]) == size


def test_nothing_is_lost_or_doubled_while_the_web_is_down(acme: Acme, alice: Window, bob: Window) -> None:
    channel("storm", alice, bob)
    alice.post("before")
    bob.sees("before")
    for name, pid in acme.house.up.children().items():
        if name.startswith("web"):
            os.kill(pid, signal.SIGKILL)
    for n in range(5):
        alice.post(f"during {n}")
    texts = ["before", *(f"during {n}" for n in range(5))]
    alice.sees_in_order(texts)  # at once, whether the server knows of them or not
    for window in (alice, bob):
        window.sees_in_order(texts)
        expect(window.page.get_by_role("article", name="being sent")).to_have_count(0)
        expect(window.banner).to_have_count(0)
    bob.post("after")
    for window in (alice, bob):
        window.sees_in_order([*texts, "after"])
        window.page.reload()
        window.sees_in_order([*texts, "after"])


def test_a_rolling_restart_goes_unnoticed(acme: Acme, alice: Window, bob: Window) -> None:
    channel("rolling", alice, bob)
    for window in (alice, bob):
        window.page.set_viewport_size({"width": 1280, "height": 3000})  # all of it in sight
    first = [window.sockets[-1] for window in (alice, bob)]
    acme.house.up.process.send_signal(signal.SIGHUP)
    posted = 0
    while not all(socket.is_closed() for socket in first):
        if posted < 60:
            alice.post(f"post {posted}.")
            posted += 1
        bob.sees(f"post {posted - 1}.")
    texts = [f"post {n}." for n in range(posted)]
    for writer, reader in ((alice, bob), (bob, alice)):
        texts.append(f"after the restart, {len(texts)}.")
        writer.post(texts[-1])
        reader.sees_in_order(texts)
        writer.sees_in_order(texts)
        expect(reader.banner).to_have_count(0)


def test_offline_says_so_and_sends_later(alice: Window, bob: Window) -> None:
    channel("tunnel", alice, bob)
    alice.context.set_offline(True)
    alice.post("From the tunnel")
    expect(alice.banner).to_contain_text("You are offline. One message is kept and sent as soon as possible.")
    expect(alice.message("From the tunnel").get_by_text("Waiting for the connection…")).to_be_visible()
    bob.post("Are you there?")
    alice.context.set_offline(False)
    for window in (alice, bob):
        window.sees("From the tunnel")
        window.sees("Are you there?")
    expect(alice.banner).to_have_count(0)


def test_a_post_that_is_refused_is_kept_for_another_try(alice: Window, bob: Window) -> None:
    id = channel("club", alice, bob)
    bob.context.set_offline(True)
    bob.post("Still with you?")
    expect(bob.banner).to_be_visible()
    alice.call("DELETE", f"/channels/{id}/members/{bob.me['id']}")
    bob.context.set_offline(False)
    kept = bob.message("Still with you?")
    expect(kept.get_by_role("alert")).to_contain_text("Not sent")
    alice.call("POST", f"/channels/{id}/members", {"people": [bob.me["id"]]})
    expect(bob.composer("club")).to_be_visible()
    kept.get_by_role("button", name="Try again").click()
    alice.sees("Still with you?")
    expect(kept.get_by_role("alert")).to_have_count(0)
    bob.sees("Still with you?")
    bob.errors = []  # the browser logs the refusal


def test_who_is_no_longer_signed_in_signs_in_and_goes_on(alice: Window, bob: Window) -> None:
    channel("doorstep", alice, bob)
    bob.context.clear_cookies()
    bob.post("Let me in")
    expect(bob.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    bob.sign_in("bob@a.test")
    alice.sees("Let me in")
    bob.errors = []  # the browser logs the refusal


def test_by_keyboard_alone(alice: Window, bob: Window) -> None:
    channel("keys", alice, bob)
    alice.post("Hands off the mouse")
    bob.sees("Hands off the mouse")
    keys = bob.page.keyboard
    keys.press("Control+/")
    expect(bob.dialog).to_be_visible()
    keys.press("Escape")
    expect(bob.dialog).to_have_count(0)
    keys.press("Control+k")
    expect(bob.switcher).to_be_focused()
    keys.type("keys")
    keys.press("Enter")
    expect(bob.composer("keys")).to_be_focused()
    bob.tab_back_to(bob.messages)
    keys.press("ArrowUp")
    expect(bob.message("Hands off")).to_be_focused()
    keys.press("r")
    expect(alice.message("Hands off").get_by_role("button", name=re.compile("1, Bob"))).to_be_visible()
    keys.press("t")
    expect(bob.thread.get_by_role("textbox", name="Reply")).to_be_focused()
    keys.type("Gladly")
    keys.press("Enter")
    bob.sees("Gladly", within=bob.thread)
    keys.press("Escape")
    expect(bob.thread).to_have_count(0)
    expect(bob.composer("keys")).to_be_focused()
    keys.type("A tyop")
    keys.press("Enter")
    bob.sees("A tyop")
    keys.press("ArrowUp")
    expect(bob.page.get_by_role("textbox", name="Edit message")).to_be_focused()
    keys.press("Control+a")
    keys.type("A typo")
    keys.press("Enter")
    alice.sees("A typo")


def test_on_a_phone_in_the_dark(window_of: Opener, alice: Window) -> None:
    channel("pocket", alice)
    alice.post("Read me on the way: " + "long " * 60 + "x" * 300)
    alice.post("```\n" + "wide = " + "1 + " * 100 + "1\n```")
    phone = window_of(
        "Alice", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, color_scheme="dark"
    )
    phone.open()
    phone.press("Open the menu")
    phone.entry("pocket").tap()
    phone.sees("Read me on the way")
    expect(phone.sidebar).not_to_be_in_viewport()
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    dark = phone.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in re.findall(r"\d+", dark)[:3]) < 200, dark
    phone.composer("pocket").tap()
    phone.composer("pocket").fill("On the train")
    phone.page.get_by_role("button", name="Send").tap()
    alice.sees("On the train")
