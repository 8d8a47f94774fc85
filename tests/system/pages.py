"""The vocabulary of the browser tests: what a person does and sees on the page. It waits for roles and words, never
for time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import APIResponse, BrowserContext, ConsoleMessage, Locator, Page, WebSocket, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

PASSWORD = "correct horse battery"
POINTER_TRIES, POINTER_MILLISECONDS = 4, 2_000
# A web process that is killed takes its connections along; the browser says so, and that is no fault of the page.
_LOST = re.compile(r"WebSocket connection to|Failed to load resource: net::ERR_|ERR_INTERNET_DISCONNECTED")

_DROP = """
(zone, {name, type, size, text}) => {
  const content = text ?? new Uint8Array(size).map((_, at) => at * 7 % 251);
  const data = new DataTransfer();
  data.items.add(new File([content], name, { type }));
  for (const kind of ["dragenter", "dragover", "drop"])
    zone.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}
"""

# Frame by frame: every message in sight that stands elsewhere than in the frame before.
_WATCH = """
window.moves = [];
let before = new Map();
const look = () => {
  const now = new Map();
  for (const row of document.querySelectorAll("[role=log] [data-message]")) {
    const place = row.getBoundingClientRect(), box = row.closest("[role=log]").getBoundingClientRect();
    if (place.bottom <= box.top || place.top >= box.bottom) continue;
    if (row.checkVisibility({ visibilityProperty: true })) now.set(row, place.top);
  }
  for (const [row, top] of now)
    if (Math.abs((before.get(row) ?? top) - top) > 0.5) window.moves.push([row.innerText, before.get(row), top]);
  before = now;
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


class Window:
    """A person's browser window."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.errors: list[str] = []
        self.sockets: list[WebSocket] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("websocket", lambda socket: self.sockets.append(socket))

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning") and not _LOST.search(said.text):
            self.errors.append(f"{said.text} {said.location['url']}")

    # Coming in

    def found(self, link: str, *, organization: str, name: str, email: str) -> None:
        """Make the organization and its owner by the link that `up` prints."""
        self.page.goto(link)
        self.fill(Organization=organization, Your_name=name, Email=email, Password=PASSWORD)
        self.press("Create workspace")

    def invite(self, name: str, email: str) -> str:
        """Invite somebody; the link for them."""
        self.menu_of_workspace("Invite people")
        self.fill(Email=email)
        self.dialog.get_by_label("Name (optional)").fill(name)
        self.press("Make the link")
        link = self.dialog.get_by_text(re.compile(r"^http\S+/join/\S+$")).inner_text()
        self.page.keyboard.press("Escape")
        return link

    def join(self, link: str) -> None:
        self.page.goto(link)
        self.fill(Choose_a_password=PASSWORD)
        self.press("Join")

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        self.page.goto(f"{self.url}/sign-in")
        self.fill(Email=email, Password=password)
        self.press("Sign in")

    # Where one is

    def open(self, path: str = "/") -> None:
        self.page.goto(self.url + path)
        expect(self.page.get_by_role("main")).to_be_visible()

    def go_to(self, place: str) -> None:
        """To a channel or a person of the sidebar."""
        self.entry(place).click()
        expect(self.composer(place)).to_be_visible()

    @property
    def sidebar(self) -> Locator:
        return self.page.get_by_role("navigation", name="Channels and conversations")

    @property
    def messages(self) -> Locator:
        return self.page.get_by_role("log", name="Messages")

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("complementary", name="Thread")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def switcher(self) -> Locator:
        return self.page.get_by_role("combobox", name="Go to a channel or person")

    @property
    def banner(self) -> Locator:
        return self.page.get_by_text(re.compile(r"Reconnecting…|You are offline"))

    @property
    def guests(self) -> Locator:
        """The guests by mail, in the pane of the channel's people."""
        return self.page.get_by_role("region", name="Guests by mail")

    def guest(self, name: str) -> Locator:
        return self.guests.get_by_role("listitem").filter(has_text=name)

    def entry(self, place: str) -> Locator:
        """A channel or a person in the sidebar; its name says what is unread."""
        return self.sidebar.get_by_role("link", name=re.compile(rf"^{re.escape(place)}(,|$)"))

    def composer(self, place: str = "") -> Locator:
        return self.page.get_by_role("textbox", name=re.compile(rf"^Message #?{re.escape(place)}"))

    def message(self, text: str, *, within: Locator | None = None) -> Locator:
        place = self.messages if within is None else within
        return place.get_by_role("article").filter(has_text=text)

    # Doing

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def fill(self, **fields: str) -> None:
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)

    def menu_of_workspace(self, item: str) -> None:
        self.page.get_by_role("button", name=re.compile("menu of")).click()
        self.page.get_by_role("menuitem", name=item).click()

    def menu_of_guest(self, name: str, item: str) -> None:
        self.guest(name).get_by_role("button", name=f"More about {name}").click()
        self.page.get_by_role("menuitem", name=item).or_(self.page.get_by_role("menuitemradio", name=item)).click()

    def create_channel(self, name: str, kind: str = "Public") -> None:
        self.press("Create channel")
        self.fill(Name=name)
        self.dialog.get_by_role("radio", name=kind).check()
        self.dialog.get_by_role("button", name="Create channel").click()
        expect(self.composer(name)).to_be_visible()

    def join_channel(self, name: str) -> None:
        self.press("Browse channels")
        self.dialog.get_by_role("listitem").filter(has_text=name).get_by_role("button", name="Join").click()
        expect(self.composer(name)).to_be_visible()

    def write_to(self, person: str) -> None:
        self.press("New direct message")
        self.fill(Find_people=person)
        self.page.keyboard.press("Enter")
        self.press("Start")
        expect(self.composer(person)).to_be_visible()

    def post(self, text: str) -> None:
        self.composer().fill(text)
        self.composer().press("Enter")

    def reply(self, to: str, text: str) -> None:
        self.act(to, "Reply in thread")
        self.answer(text)

    def answer(self, text: str) -> None:
        """Reply in the thread that is open."""
        box = self.thread.get_by_role("textbox", name="Reply")
        box.fill(text)
        box.press("Enter")

    def act(self, on: str, action: str) -> None:
        """Press a button of the bar that a message shows under the pointer.

        What comes in meanwhile may move the message away from a pointer that lies still, and the bar goes with it: then
        the pointer follows, as a person's does.
        """
        message = self.message(on)
        button = message.get_by_role("button", name=action, exact=True)
        for _ in range(POINTER_TRIES):
            message.hover()
            try:
                button.click(timeout=POINTER_MILLISECONDS)
                return
            except PlaywrightTimeout:
                self.page.mouse.move(0, 0)
        message.hover()
        button.click()

    def react(self, to: str, emoji: str) -> None:
        self.act(to, f"React with {emoji}")

    def tab_back_to(self, place: Locator) -> None:
        """Shift+Tab until the focus is there."""
        passed = []
        while not place.evaluate("place => place === document.activeElement"):
            passed.append(self.page.locator(":focus").evaluate("on => on.ariaLabel ?? on.textContent"))
            assert len(passed) < 20, passed
            self.page.keyboard.press("Shift+Tab")

    def drop_file(self, name: str, kind: str, *, text: str | None = None, size: int = 0) -> None:
        """Drop a file from elsewhere over the messages."""
        self.messages.evaluate(_DROP, {"name": name, "type": kind, "size": size, "text": text})

    def mail_settings(self) -> dict[str, str]:
        """What the channel's dialog gives for a mail program, with an app password made there."""
        self.page.get_by_role("button", name="Open in a mail program").first.click()
        self.press("Make a password for it")
        expect(self.dialog.get_by_text("Password", exact=True)).to_be_visible()
        labels, values = (self.dialog.locator(kind).all_inner_texts() for kind in ("dt", "dd"))
        self.page.keyboard.press("Escape")
        return dict(zip(labels, values, strict=True))

    # Seeing

    def sees(self, text: str, *, within: Locator | None = None) -> Locator:
        """Exactly one message has this text."""
        message = self.message(text, within=within)
        expect(message).to_have_count(1)
        expect(message).to_be_visible()
        return message

    def sees_in_order(self, texts: Sequence[str], *, within: Locator | None = None) -> None:
        """These messages, each once, and no other."""
        place = self.messages if within is None else within
        expect(place.get_by_role("article")).to_contain_text(list(texts))

    def watch(self) -> None:
        """From now on, and on every page after this one, note which messages move in sight."""
        self.page.add_init_script(_WATCH)
        self.page.evaluate(_WATCH)

    @property
    def moves(self) -> list[tuple[str, float, float]]:
        """Which messages moved while they were watched on this page: words, from where, to where."""
        return [tuple(move) for move in self.page.evaluate("window.moves")]

    # What no person does

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API as who is signed in here."""
        token = next((str(c["value"]) for c in self.context.cookies() if c["name"] == "csrftoken"), "")
        answer: APIResponse = self.context.request.fetch(
            f"{self.url}/api/v1{path}",
            method=method,
            headers={"X-CSRFToken": token, "Content-Type": "application/json"},
            **({} if body is None else {"data": body}),
        )
        assert answer.ok, answer.text()
        return answer.json() if answer.status != 204 else None

    @property
    def me(self) -> dict[str, Any]:
        return dict(self.call("GET", "/me")["person"])
