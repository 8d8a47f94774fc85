"""Vocabulary: the people of the channel, a message of theirs, and mails from files or written by hand."""

import email
import email.policy
import os
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from channels_app.mail import REPLY, Address, Letter, LogEntry, Post, Recipient, reply_address

EML = Path(__file__).parent / "eml"
CHANNEL, MESSAGE, DOMAIN = "0ChannelGeneral0", "0MessageOfAlice0", "roost.localhost"
ALICE = Address("Alice Ärmel", "alice@a.test")
BOB = Address("Bob", "bob@b.test")
WHEN = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
GENERAL = "general@acme.roost.localhost"
SECRET = b"derived, never random"
OWN = "<chat$group.0ChannelGeneral0.0MessageOfAlice0@roost.localhost>"
ROOT = "<chat$group.0ChannelGeneral0.0MessageOfBob000@roost.localhost>"


def post(**changes: Any) -> Post:
    """Alice posts into #general; `changes` are fields of `Post`."""
    fields: dict[str, Any] = {
        "channel_uid": CHANNEL,
        "message_uid": MESSAGE,
        "domain": DOMAIN,
        "channel_name": "general",
        "channel_address": GENERAL,
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
        "channel_address": GENERAL,
        "actor": ALICE,
        "date": WHEN,
        "kind": kind,
        "text": "Alice did something.",
        "event": event,
    }
    return LogEntry(**(fields | changes))


def letter(**changes: Any) -> Letter:
    """What Alice posts into #general, as it goes to guests; `changes` are fields of `Letter`."""
    fields: dict[str, Any] = {
        "message_id": OWN,
        "kind": "message",
        "sender": Address("Alice Ärmel (Acme)", GENERAL),
        "subject": "general",
        "date": WHEN,
        "list_id": "0ChannelGeneral0.roost.localhost",
        "list_name": "general",
        "text": "Hello *world*",
        "html": "<p>Hello <em>world</em></p>\n",
    }
    return Letter(**(fields | changes))


def dana(**changes: Any) -> Recipient:
    """A guest of #general with nothing but a mailbox; `changes` are fields of `Recipient`."""
    fields: dict[str, Any] = {
        "to": Address("Dana Dörfler", "dana@d.test"),
        "reply_to": reply_address(GENERAL, REPLY, CHANNEL, "0PersonDana00000", SECRET),
        "unsubscribe": "https://roost.localhost/leave/0PersonDana00000",
    }
    return Recipient(**(fields | changes))


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


def golden(name: str, raw: bytes) -> bytes:
    """`raw`, which has to be the file of that name below `eml/`. With WRITE_GOLDENS=1 the file is written anew."""
    path = EML / name
    if os.environ.get("WRITE_GOLDENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(raw)
    assert raw == path.read_bytes(), f"{name} is not what is written now"
    return raw


def read(raw: bytes) -> EmailMessage:
    """A mail as the standard library reads it."""
    return email.message_from_bytes(raw, policy=email.policy.default.clone(max_line_length=0))


def assert_travels(raw: bytes) -> EmailMessage:
    """ASCII, CRLF, short lines, and no defect in any part."""
    assert raw.isascii()
    lines = raw.split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in lines)
    message = read(raw)
    assert not [part.defects for part in message.walk() if part.defects]
    return message
