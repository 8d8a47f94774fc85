"""Vocabulary: the people of the channel, a message of theirs, and mails from files or written by hand."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from channels_app.mail import Address, LogEntry, Post

EML = Path(__file__).parent / "eml"
CHANNEL, MESSAGE, DOMAIN = "0ChannelGeneral0", "0MessageOfAlice0", "roost.localhost"
ALICE = Address("Alice Ärmel", "alice@a.test")
BOB = Address("Bob", "bob@b.test")
WHEN = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
ROOT = "<chat$group.0ChannelGeneral0.0MessageOfBob000@roost.localhost>"


def post(**changes: Any) -> Post:
    """Alice posts into #general; `changes` are fields of `Post`."""
    fields: dict[str, Any] = {
        "channel_uid": CHANNEL,
        "message_uid": MESSAGE,
        "domain": DOMAIN,
        "channel_name": "general",
        "channel_address": "general@acme.roost.localhost",
        "author": ALICE,
        "date": WHEN,
        "text": "Hello *world*",
        "html": "<p>Hello <em>world</em></p>\n",
        "roost": {"Seq": "12", "Author": "0PersonAlice0000", "Origin": "web"},
    }
    return Post(**(fields | changes))


def entry(kind: str, payload: dict[str, Any], **changes: Any) -> LogEntry:
    """An event of #general that Alice caused."""
    event = {"stream": f"channel:{CHANNEL}", "seq": 13, "kind": kind, "actor": "0PersonAlice0000", "origin": "web",
             "payload": payload, "at": "2026-03-01T12:30:15Z"}  # fmt: skip
    fields: dict[str, Any] = {
        "channel_uid": CHANNEL,
        "seq": 13,
        "domain": DOMAIN,
        "channel_name": "general",
        "channel_address": "general@acme.roost.localhost",
        "actor": ALICE,
        "date": WHEN,
        "kind": kind,
        "text": "Alice did something.",
        "event": event,
    }
    return LogEntry(**(fields | changes))


def mail(body: str = "Hello", **headers: str) -> bytes:
    """A mail from Bob; a header `in_reply_to` is written `In-Reply-To`."""
    fields = {"From": "Bob <bob@b.test>", "Subject": "Re: general", "Content-Type": "text/plain; charset=utf-8"}
    fields |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return (head + "\r\n" + body.replace("\n", "\r\n")).encode()


def eml(name: str) -> bytes:
    """A file below `eml/`; an HTML body alone gets the headers of a mail."""
    raw = (EML / name).read_bytes()
    if name.endswith(".html"):
        return b"From: Bob <bob@b.test>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + raw
    return raw


def all_eml() -> list[str]:
    """The names of all mails, for tests that hold for each."""
    return sorted(
        str(path.relative_to(EML)) for path in EML.rglob("*") if path.suffix in (".eml", ".html") and path.is_file()
    )
