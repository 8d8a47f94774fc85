"""The state of an instance as it really lies there: its database, and its folders read by IMAP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from imapclient import IMAPClient
from psycopg.rows import dict_row

Row = dict[str, Any]

_WAITING = """
SELECT l.stream_id AS stream, s.head - l.cursor AS events, l.attempts, l.why FROM events_lane l
JOIN events_stream s ON s.key = l.stream_id WHERE l.subscriber = 'mirror' AND s.head > l.cursor ORDER BY 1
"""
_MESSAGES = """
SELECT id, channel_id AS channel, seq, author_id AS author, text, origin, created_at, edited_at, external_id
FROM chat_message ORDER BY channel_id, seq
"""
_REACTIONS = "SELECT message_id, person_id, emoji FROM chat_reaction"
_EVENTS = "SELECT stream, seq, kind, origin, payload FROM events_event ORDER BY stream, seq"
_HEADS = "SELECT key, head FROM events_stream"
_FOLDERS = "SELECT stream, kind, name, uidvalidity, uidnext, held, untidy FROM mirror_folder ORDER BY name"
_QUARANTINED = "SELECT stream, uid, message_id, why FROM letters_quarantined"


class Database:
    """Asked anew each time, for it may have been killed meanwhile."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, sql: str) -> list[Row]:
        with psycopg.connect(self._url, connect_timeout=5) as connection:
            return connection.cursor(row_factory=dict_row).execute(sql.encode()).fetchall()

    def messages(self) -> list[Row]:
        return self.rows(_MESSAGES)

    def reactions(self) -> set[tuple[str, str, str]]:
        return {(row["message_id"], row["person_id"], row["emoji"]) for row in self.rows(_REACTIONS)}

    def events(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.rows(_EVENTS):
            found.setdefault(row["stream"], []).append(row)
        return found

    def heads(self) -> dict[str, int]:
        return {row["key"]: row["head"] for row in self.rows(_HEADS)}

    def waiting(self) -> list[Row]:
        return self.rows(_WAITING)

    def folders(self) -> list[Row]:
        return self.rows(_FOLDERS)

    def quarantined(self) -> list[Row]:
        return self.rows(_QUARANTINED)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail of a folder, as far as the test looks at it."""

    uid: int
    id: str
    text: str
    arrived: datetime


def mail_client(login: Mapping[str, Any]) -> IMAPClient:
    """Somebody's mail program, signed in with what `mail_login` printed. Raises `IMAPClientError` and `OSError`."""
    return _signed_in(login["imap"]["host"], login["imap"]["port"], login["username"], login["password"])


def service_client(env: Mapping[str, str]) -> IMAPClient:
    """The mirror's own account, who alone reads the Logs."""
    url = urlsplit(env["IMAP_URL"])
    return _signed_in(url.hostname or "", url.port or 143, unquote(url.username or ""), unquote(url.password or ""))


def _signed_in(host: str, port: int, name: str, password: str) -> IMAPClient:
    client = IMAPClient(host, port, ssl=False, timeout=30)
    try:
        client.login(name, password)
    except BaseException:
        client.shutdown()
        raise
    return client


def mails(client: IMAPClient, folder: str) -> list[Mail]:
    """All mails of a folder, in order."""
    client.select_folder(folder, readonly=True)
    uids = sorted(client.search())
    found: dict[int, Any] = {}
    for start in range(0, len(uids), 500):
        found.update(client.fetch(uids[start : start + 500], ["INTERNALDATE", "BODY.PEEK[]"]))
    client.close_folder()
    return [_mail(uid, found[uid]) for uid in uids]


def _mail(uid: int, row: Mapping[bytes, Any]) -> Mail:
    mail = message_from_bytes(row[b"BODY[]"], policy=policy.default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    text = str(body.get_content()).strip() if body else ""
    return Mail(uid, str(mail["Message-ID"] or "").strip(), text, row[b"INTERNALDATE"])


_OURS = re.compile(r"<chat\$group\.[^.]+\.([^@]+)@[^>]+>")


def own_part(message_id: str) -> str:
    """The message (or `event` and its number) that an id of ours names, or nothing."""
    found = _OURS.fullmatch(message_id)
    return found[1] if found else ""
