"""Acme, founded in a browser, and the windows of its people. Of the module, not of the session: the browser's driver
keeps an event loop in this thread, which other tests here want for themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from tests.operate.house import House, bare_env, open_folder, running_house
from tests.system.pages import Window
from workspace.operate import browser as programs

Opener = Callable[..., Window]
MX = "mx.acme.test"  # whose word on who sent a mail counts


@dataclass
class Acme:
    """The organization: where it runs, and how its people are signed in."""

    house: House
    link: str
    signed_in: dict[str, StorageState] = field(default_factory=dict)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = programs.find()
    # Never skipped: a page that nobody looked at is not tested.
    assert program is not None, "There is no browser: install chromium, or name one with CHROME."
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def acme(browser: Browser) -> Iterator[Acme]:
    """Alice founds it by the link that `up` prints, and invites Bob."""
    with open_folder() as data, running_house(data, env=bare_env(WEB_PROCESSES="2", TRUSTED_AUTHSERV=MX)) as house:
        acme = Acme(house, house.up.line("set up: "))
        expect.set_options(timeout=15_000)
        alice, bob = (Window(browser.new_context(), house.url) for _ in range(2))
        alice.found(acme.link, organization="Acme", name="Alice", email="alice@a.test")
        expect(alice.page.get_by_role("heading", name="Welcome, Alice")).to_be_visible()
        bob.join(alice.invite("Bob", "bob@a.test"))
        expect(bob.sidebar).to_be_visible()
        for name, window in (("Alice", alice), ("Bob", bob)):
            acme.signed_in[name] = window.context.storage_state()
            assert window.errors == []
            window.context.close()
        yield acme


@pytest.fixture
def window_of(acme: Acme, browser: Browser) -> Iterator[Opener]:
    """Opens windows of people who are signed in. At the end no page may have logged an error."""
    opened: list[Window] = []

    def open_window(name: str, **options: Any) -> Window:
        context = browser.new_context(storage_state=acme.signed_in.get(name), **options)
        opened.append(Window(context, acme.house.url))
        return opened[-1]

    yield open_window
    errors = [error for window in opened for error in window.errors]
    for window in opened:
        window.context.close()
    assert errors == []


@pytest.fixture
def alice(window_of: Opener) -> Window:
    window = window_of("Alice")
    window.open()
    return window


@pytest.fixture
def bob(window_of: Opener) -> Window:
    window = window_of("Bob")
    window.open()
    return window
