"""The connection to the mail server: a few, shared by the worker's threads, by what the server can (IMAPClient)."""

from __future__ import annotations

import contextlib
import logging
import queue
import re
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

log = logging.getLogger(__name__)

TIMEOUT = 60
_APPENDUID = re.compile(rb"APPENDUID (\d+) ([\d:,]+)")


class NoServer(RuntimeError):
    """No IMAP server is configured."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What is appended: the bytes, when it counts as received, its flags."""

    content: bytes
    at: datetime
    flags: tuple[bytes, ...] = (b"$Chat",)


@dataclass(frozen=True, slots=True)
class State:
    """A folder as SELECT shows it."""

    uidvalidity: int
    uidnext: int


class Mailbox:
    """One signed-in connection. Every method may raise `IMAPClientError` or `OSError`: try later."""

    def __init__(self) -> None:
        url = urlsplit(settings.IMAP_URL)
        if not url.hostname:
            raise NoServer("no IMAP server is configured")
        secure = url.scheme == "imaps"
        context = ssl.create_default_context() if secure else None
        self.client = IMAPClient(
            url.hostname, url.port or (993 if secure else 143), ssl=secure, ssl_context=context, timeout=TIMEOUT
        )
        self.client.login(unquote(url.username or ""), unquote(url.password or ""))
        self._can = {capability.upper() for capability in self.client.capabilities()}

    def can(self, capability: str) -> bool:
        return capability.encode() in self._can

    def exists(self, name: str) -> bool:
        return bool(self.client.list_folders(pattern=_literal(name)))

    def create(self, name: str) -> None:
        """Make a folder; one that is there already is fine."""
        try:
            self.client.create_folder(name)
        except IMAPClientError:
            if not self.exists(name):
                raise

    def rename(self, old: str, new: str) -> None:
        self.client.rename_folder(old, new)

    def select(self, name: str) -> State:
        """Open a folder for writing."""
        info = self.client.select_folder(name)
        uidnext = info.get(b"UIDNEXT")
        if uidnext is None:  # RFC 3501 servers may leave it out
            uidnext = self.client.folder_status(name, ["UIDNEXT"])[b"UIDNEXT"]
        return State(int(info[b"UIDVALIDITY"]), int(uidnext))

    def uidnext(self, name: str) -> int:
        """Where a folder stands, without opening it; 0 when it is not there."""
        try:
            return int(self.client.folder_status(name, ["UIDNEXT"])[b"UIDNEXT"])
        except IMAPClientError:
            return 0

    def append(self, name: str, mails: Sequence[Mail], uidnext: int) -> list[int]:
        """Append in order; their UIDs. The folder is selected and `uidnext` is where it stands."""
        if self.can("MULTIAPPEND") and self.can("UIDPLUS") and len(mails) > 1:
            items = [{"msg": mail.content, "flags": mail.flags, "date": mail.at} for mail in mails]
            answer = self.client.multiappend(name, items)
            if found := _APPENDUID.search(answer if isinstance(answer, bytes) else str(answer).encode()):
                return _uids(found[2].decode())
        else:
            answers = [self.client.append(name, mail.content, mail.flags, mail.at) for mail in mails]
            found_all = [_APPENDUID.search(a if isinstance(a, bytes) else str(a).encode()) for a in answers]
            if all(found_all):
                return [int(found[2]) for found in found_all if found]
        self.client.noop()  # a plain server: the new ones are those that were not there before, in order
        return self.uids(uidnext)[-len(mails) :]

    def uids(self, start: int = 1) -> list[int]:
        """The UIDs of the selected folder from `start` on, in order."""
        return sorted(uid for uid in self.client.search(["UID", f"{start}:*"]) if uid >= start)

    def raw(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The whole mails."""
        return {uid: row[b"BODY[]"] for uid, row in self.client.fetch(list(uids), ["BODY.PEEK[]"]).items()}

    def message_ids(self, uids: Sequence[int]) -> dict[int, str]:
        """The Message-ID of each mail, as it stands."""
        field = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
        rows = self.client.fetch(list(uids), [field])
        return {uid: _message_id(row) for uid, row in rows.items()}

    def expunge(self, uids: Sequence[int]) -> None:
        """Remove mails of the selected folder, and no others."""
        if not uids:
            return
        self.client.add_flags(list(uids), [b"\\Deleted"], silent=True)
        if self.can("UIDPLUS"):
            self.client.uid_expunge(list(uids))
        else:
            self.client.expunge()

    def set_acl(self, name: str, who: str, rights: str) -> None:
        if not self.can("ACL"):
            return
        if rights:
            self.client.setacl(name, who, rights)
        else:
            self.client._imap.deleteacl(self.client._normalise_folder(name), _quoted(who))

    def clear_acl(self, name: str) -> None:
        """Take everybody's rights away: a new folder inherits those of the one above it."""
        if not self.can("ACL"):
            return
        mine = unquote(urlsplit(settings.IMAP_URL).username or "")
        for who, _rights in self.client.getacl(name):
            text = who.decode() if isinstance(who, bytes) else str(who)
            if not text.startswith("#") and text != mine:
                self.set_acl(name, text, "")

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.client.logout()


def _literal(name: str) -> str:
    return name.replace("*", "%")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _uids(text: str) -> list[int]:
    uids: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        uids.extend(range(int(first), int(last or first) + 1))
    return uids


def _message_id(row: dict[bytes, Any]) -> str:
    for key, value in row.items():
        if key.startswith(b"BODY[HEADER"):
            return str(value.decode("ascii", "replace")).partition(":")[2].strip()
    return ""


class Pool:
    """At most `IMAP_CONNECTIONS` connections; a broken one is thrown away."""

    def __init__(self) -> None:
        self._free: queue.LifoQueue[Mailbox] = queue.LifoQueue()
        self._room = threading.BoundedSemaphore(settings.IMAP_CONNECTIONS)

    @contextlib.contextmanager
    def mailbox(self) -> Iterator[Mailbox]:
        with self._room:
            mailbox = self._take()
            try:
                yield mailbox
            except BaseException:
                mailbox.close()
                raise
            self._free.put(mailbox)

    def _take(self) -> Mailbox:
        while True:
            try:
                mailbox = self._free.get_nowait()
            except queue.Empty:
                return Mailbox()
            try:
                mailbox.client.noop()
            except (IMAPClientError, OSError):
                mailbox.close()
            else:
                return mailbox

    def empty(self) -> None:
        """Close what is free (tests, a new server)."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._free.get_nowait().close()


pool = Pool()
