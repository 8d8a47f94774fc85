"""A mailbox that is followed over IMAP (`INBOX_URL`), where mail for channels can be had in no other way.

                                      done, or in quarantine: moved to `Roost/Done`, after the commit
    mail → for a channel? ─ `inwards` ─ refused: its sender is told, if that is no backscatter (`refusing`); moved
                    |                 not now: stays for the next round
                    none: stays, and is not looked at again

Whoever dies in between takes the same mail in again, which is harmless. One process follows at a time, by a lease;
where the server has no IDLE, the mailbox is looked at now and then.
"""

from __future__ import annotations

import logging
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import close_old_connections
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from channels_app.guests.receiving import inwards, refusing
from channels_app.guests.receiving.answers import Answer
from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.receiving.lmtp import MAIL_BYTES, RECIPIENTS, TOO_BIG
from channels_app.mail import Limits
from channels_app.mail.addresses import read_addresses
from channels_app.mail.headers import Headers, read_headers
from workspace.events.lanes import TryLater, pause_after

log = logging.getLogger(__name__)

DONE = ("Roost", "Done")
# Where servers write whom a copy was for; only the topmost is theirs.
ENVELOPE = ("x-original-to", "envelope-to", "x-envelope-to", "delivered-to")
CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 60.0
IDLE_SECONDS = 240.0  # some routers forget a connection that is silent for five minutes
POLL_SECONDS = 30.0
AGAIN_SECONDS = 15.0  # until mail that could not be taken yet is looked at again
LEASE, LEASE_SECONDS, RENEW_SECONDS = "guests:inbox", 30, 10.0
MOST_AT_ONCE = 200

Tell = Callable[[str, bytes], None]


@dataclass
class Inbox:
    """Follows in a thread of its own. `tell` sends a report to an address; it may raise `TryLater`."""

    url: str
    tell: Tell
    _me: str = field(default_factory=lambda: secrets.token_hex(8))
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _renew_at: float = 0.0

    def start(self) -> None:
        self._thread = threading.Thread(target=self._follow_for_ever, name="inbox", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Take nothing more; whatever is under way may end within some seconds."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _follow_for_ever(self) -> None:
        attempts = 0
        while not self._stopping.is_set():
            try:
                if self._has_lease():
                    self._follow()
                    attempts = 0
                else:
                    self._stopping.wait(RENEW_SECONDS)
            except Exception as error:  # what a server says that keeps to no grammar can raise anything
                attempts += 1
                log.warning("the inbox can't be followed: %s", str(error) or type(error).__name__)
                self._stopping.wait(min(pause_after(attempts), ANSWER_SECONDS))
        self._give_back()

    def _has_lease(self) -> bool:
        """Whether this process is the one that follows. Without the cache nobody is."""
        if time.monotonic() < self._renew_at:
            return True
        holder = cache.get_or_set(LEASE, self._me, LEASE_SECONDS)
        if holder != self._me:
            return False
        cache.touch(LEASE, LEASE_SECONDS)
        self._renew_at = time.monotonic() + RENEW_SECONDS
        return True

    def _give_back(self) -> None:
        try:
            if cache.get(LEASE) == self._me:
                cache.delete(LEASE)
        except Exception as error:
            log.warning("the inbox's lease ends by itself: %s", error)

    def _follow(self) -> None:
        """Until something fails, the lease is somebody else's, or we are to stop."""
        box = _Box(self.url)
        try:
            while self._has_lease() and not self._stopping.is_set():
                waits = self._settle_all(box)
                box.wait(AGAIN_SECONDS if waits else IDLE_SECONDS, self._may_wait)
        finally:
            box.close()

    def _may_wait(self) -> bool:
        return not self._stopping.is_set() and self._has_lease()

    def _settle_all(self, box: _Box) -> bool:
        """Settle what is there; whether something has to be looked at again."""
        waits = False
        while fresh := box.fresh():
            for uid in fresh:
                if not self._may_wait():
                    return True
                if self._is_settled(box, uid):
                    box.seen(uid)
                else:
                    waits = True
                    box.later(uid)
        box.look_again()
        return waits

    def _is_settled(self, box: _Box, uid: int) -> bool:
        """Whether this mail needs no second look; one that fails must not hold up the others."""
        try:
            return self._settle(box, uid)
        except (IMAPClientError, OSError):
            raise
        except Exception:
            log.exception("could not settle the mail %d of the inbox", uid)
            return False

    def _settle(self, box: _Box, uid: int) -> bool:
        head, size = box.head(uid)
        headers, _ = read_headers(head, 0, len(head), Limits())
        recipients = recipients_of(headers)
        if not recipients:
            return True
        if size > MAIL_BYTES:
            mail, answers = Arrived(head, _sender(headers)), [TOO_BIG] * len(recipients)
        else:
            mail = Arrived(box.mail(uid), _sender(headers))
            answers = _take_in(mail, recipients)
        refused = {to: answer for to, answer in zip(recipients, answers, strict=True) if answer.code >= 500}
        if any(400 <= answer.code < 500 for answer in answers):
            return False
        if refused and headers.get("return-path") and refusing.may_be_told(mail):
            try:
                self.tell(mail.sender, refusing.report(mail, refused))
            except TryLater as trouble:
                log.info("a sender can't be told yet: %s", trouble)
                return False
        box.put_away(uid)
        return True


def recipients_of(headers: Headers) -> list[str]:
    """The channels' addresses that a mail in a mailbox is for: as its server says, else those in To and Cc."""
    told = [found for name in ENVELOPE for found in _ours([headers.get(name)])]
    shown = told or _ours([headers.get("to"), headers.get("cc")])
    return list(dict.fromkeys(shown))[:RECIPIENTS]


def _ours(values: Sequence[str]) -> list[str]:
    found = [address.email for value in values for address in read_addresses(value)]
    return [email for email in found if email.lower().endswith(f".{settings.MAIL_DOMAIN.lower()}")]


def _sender(headers: Headers) -> str:
    """The envelope's sender; of a server that does not write it down, who wrote the mail."""
    path = headers.get("return-path").strip()
    if path == "<>":
        return ""
    found = read_addresses(path) or read_addresses(headers.get("from"))
    return found[0].email if found else ""


def _take_in(mail: Arrived, recipients: Sequence[str]) -> list[Answer]:
    close_old_connections()
    try:
        return inwards.take_in_all([inwards.Delivery(mail.raw, mail.sender, recipients)])[0]
    finally:
        close_old_connections()


class _Box:
    """A connection with the mailbox selected. `_next` is the UID below which all was seen in this UIDVALIDITY."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        secure = where.scheme == "imaps"
        self._client = IMAPClient(
            where.hostname or "",
            where.port or (993 if secure else 143),
            ssl=secure,
            ssl_context=ssl.create_default_context() if secure else None,
            timeout=CONNECT_SECONDS,
        )
        self._client.socket().settimeout(ANSWER_SECONDS)
        try:
            if not secure and self._client.has_capability("STARTTLS"):
                self._client.starttls(ssl.create_default_context())
            self._client.login(unquote(where.username or ""), unquote(where.password or ""))
            self._done = self._folder()
            self._client.select_folder(unquote(where.path.strip("/")) or "INBOX")
        except BaseException:
            self.close()
            raise
        self._known: set[int] = set()
        self._later: set[int] = set()

    def _folder(self) -> str:
        prefix, separator = "", "/"
        if self._client.has_capability("NAMESPACE") and (personal := self._client.namespace().personal):
            prefix, separator = personal[0]
        name = prefix + separator.join(DONE)
        if not self._client.folder_exists(name):
            self._client.create_folder(name)
        return str(name)

    def fresh(self) -> list[int]:
        """Mails (UIDs) that were not looked at on this connection, oldest first."""
        there = [int(uid) for uid in self._client.search(["UNDELETED"])]
        return sorted(set(there) - self._known - self._later)[:MOST_AT_ONCE]

    def seen(self, uid: int) -> None:
        self._known.add(uid)

    def later(self, uid: int) -> None:
        self._later.add(uid)

    def look_again(self) -> None:
        """What was put off counts as not looked at."""
        self._later.clear()

    def head(self, uid: int) -> tuple[bytes, int]:
        """(header, bytes of the whole mail)."""
        row = self._row(uid, "BODY.PEEK[HEADER]", "RFC822.SIZE")
        return row.get(b"BODY[HEADER]", b""), int(row.get(b"RFC822.SIZE", 0))

    def mail(self, uid: int) -> bytes:
        content: bytes = self._row(uid, "BODY.PEEK[]").get(b"BODY[]", b"")
        return content

    def _row(self, uid: int, *what: str) -> dict[bytes, Any]:
        """Nothing of a mail that somebody took away meanwhile."""
        return dict(self._client.fetch([uid], list(what)).get(uid, {}))

    def put_away(self, uid: int) -> None:
        """Into the folder of what is done."""
        if self._client.has_capability("MOVE"):
            self._client.move([uid], self._done)
            return
        self._client.copy([uid], self._done)
        self._client.delete_messages([uid])
        if self._client.has_capability("UIDPLUS"):
            self._client.expunge([uid])

    def wait(self, seconds: float, may_wait: Callable[[], bool]) -> None:
        """Until the server tells of something new, the time is over, or one may not wait."""
        has_idle = self._client.has_capability("IDLE")
        end = time.monotonic() + (seconds if has_idle else min(seconds, POLL_SECONDS))
        if not has_idle:
            while time.monotonic() < end and may_wait():
                time.sleep(1)
            self._client.noop()
            return
        self._client.idle()
        while time.monotonic() < end and may_wait():
            if self._client.idle_check(timeout=1):
                break
        self._client.idle_done()

    def close(self) -> None:
        try:
            self._client.shutdown()
        except (IMAPClientError, OSError) as error:
            log.debug("the inbox's connection was gone: %s", error)
