"""Mails by the libraries alone: composed and read by Python's `email`, carried by IMAPClient."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import make_msgid
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from django.conf import settings
from imapclient import IMAPClient

from channels_app.chat.models import Channel, Message

Program = IMAPClient
AT_ONCE = 100
# What the mirror found out about long headers helps the reference, too.
UNFOLDED = SMTP.clone(max_line_length=0)


@dataclass(frozen=True, slots=True)
class Source:
    """What a mail is made of, read from the database before the clock runs."""

    row: Message
    channel: Channel
    name: str
    email: str


@contextmanager
def client(user: str = "", password: str = "") -> Iterator[IMAPClient]:
    """Somebody's connection; the mirror's own account when nobody is named."""
    url = urlsplit(settings.IMAP_URL)
    with IMAPClient(url.hostname or "", url.port or 143, ssl=False) as found:
        found.login(user or unquote(url.username or ""), password or unquote(url.password or ""))
        yield found


def write(name: str, email: str, subject: str, text: str) -> bytes:
    """What a person's mail program sends: one plain text."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"{name} <{email}>"
    mail["Subject"] = subject
    mail["Date"] = datetime.now(UTC)
    mail["Message-ID"] = make_msgid(domain=email.rpartition("@")[2])
    mail.set_content(text)
    return mail.as_bytes()


def compose(source: Source) -> bytes:
    """The same headers and parts as the mirror's mail of this message."""
    row, channel = source.row, source.channel
    domain = settings.MAIL_DOMAIN
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"{source.name} <{source.email}>"
    mail["To"] = f"{channel.name} <{channel.name}@{channel.org.slug}.{domain}>"
    mail["Subject"] = channel.name
    mail["Date"] = row.created_at
    mail["Message-ID"] = f"<chat$group.{channel.id}.{row.id}@{domain}>"
    mail["List-Id"] = f"<{channel.id}.{domain}>"
    mail["Chat-Version"] = "1.0"
    mail["Roost-Id"] = row.id
    mail["Roost-Seq"] = str(row.seq)
    mail["Roost-Author"] = row.author_id
    mail["Roost-Origin"] = row.origin
    mail["Roost-At"] = row.created_at.isoformat()
    mail.set_content(row.text, params={"format": "flowed"})
    mail.add_alternative(row.text, subtype="markdown")
    mail.add_alternative(row.html, subtype="html")
    return mail.as_bytes(policy=UNFOLDED)


def append_all(folders: Sequence[tuple[str, Sequence[Source]]], workers: int) -> float:
    """Compose and append all mails, a folder at a time in as many threads, each with its connection; mails a second."""
    began = time.perf_counter()
    shares = [folders[n::workers] for n in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        done = sum(pool.map(_append_share, shares))
    return done / (time.perf_counter() - began)


def _append_share(folders: Sequence[tuple[str, Sequence[Source]]]) -> int:
    done = 0
    with client() as imap:
        for name, sources in folders:
            for at in range(0, len(sources), AT_ONCE):
                batch = sources[at : at + AT_ONCE]
                mails = [{"msg": compose(one), "flags": ("$Chat",), "date": one.row.created_at} for one in batch]
                imap.multiappend(name, cast(Any, mails))
                done += len(batch)
    return done


def read_all(name: str, first: int, last: int) -> float:
    """Fetch mails in batches and read of each who says what about what; mails a second."""
    began = time.perf_counter()
    done = 0
    with client() as imap:
        imap.select_folder(name, readonly=True)
        for at in range(first, last + 1, AT_ONCE):
            rows: Any = imap.fetch(list(range(at, min(at + AT_ONCE, last + 1))), ["BODY.PEEK[]"])
            done += sum(map(read, (row[b"BODY[]"] for row in rows.values())))
    return done / (time.perf_counter() - began)


def read(raw: bytes) -> int:
    """Read subject, sender and text of a mail; 1."""
    mail = cast(EmailMessage, message_from_bytes(raw, policy=cast(Any, default)))
    body = mail.get_body(("plain", "html"))
    said = (mail["Subject"], mail["From"], body.get_content() if body is not None else "")
    assert all(said)
    return 1
