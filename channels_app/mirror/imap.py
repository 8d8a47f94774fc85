"""One signed-in connection to the mail server, by what the server can: the rest of the room says what, not how.

Folder names here are ours, parts joined by `/`. The server may have another separator, and a prefix for everything.
"""

from __future__ import annotations

import contextlib
import imaplib
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from django.conf import settings
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, IMAPClientReadOnlyError

from channels_app.mirror import wire
from channels_app.mirror.wire import Mail, State

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
ROOT = "Channels"
RIGHTS = "lrswipkxtea"
imaplib.Commands.setdefault("NOTIFY", ("AUTH", "SELECTED"))  # it sends none that it does not know
TROUBLE = (IMAPClientError, IMAPClientAbortError, IMAPClientReadOnlyError, OSError)


class NoServer(OSError):
    """No IMAP server is configured."""


class Unexpected(OSError):
    """The server's answer makes no sense to us; try later."""


class Mailbox:
    """A connection. Every method may raise one of `TROUBLE`: try later, on another connection."""

    def __init__(self) -> None:
        url = urlsplit(settings.IMAP_URL)
        if not url.hostname:
            raise NoServer("no IMAP server is configured")
        secure = url.scheme == "imaps"
        context = ssl.create_default_context() if secure else None
        self.client = IMAPClient(
            url.hostname, url.port or (993 if secure else 143), ssl=secure, ssl_context=context, timeout=CONNECT_SECONDS
        )
        self.client.socket().settimeout(ANSWER_SECONDS)
        self.user = unquote(url.username or "")
        self.client.login(self.user, unquote(url.password or ""))
        self._can = {bytes(capability).upper() for capability in self.client.capabilities()}
        if self.can("QRESYNC") and self.can("ENABLE"):
            self.client.enable("QRESYNC")
        self.selected = ""
        self.separator, self.prefix = self._layout()
        self._what = "(UIDVALIDITY UIDNEXT MESSAGES" + (" HIGHESTMODSEQ)" if self.can("CONDSTORE") else ")")

    def can(self, capability: str) -> bool:
        return capability.encode() in self._can

    @property
    def _imap(self) -> Any:
        return self.client._imap

    def _layout(self) -> tuple[str, str]:
        """The separator, and what stands before our root (as with servers that keep everything under INBOX)."""
        if self.can("NAMESPACE"):
            found = self.client.namespace()
            for prefix, separator in found.shared or ():
                if prefix.rstrip(separator or "/") == ROOT:
                    return separator or "/", ""
            if found.personal:
                prefix, separator = found.personal[0]
                return separator or "/", prefix
        listed = self.client.list_folders("", "")
        separator = listed[0][1] if listed else None
        return (separator.decode() if isinstance(separator, bytes) else separator or "/"), ""

    def wire_name(self, name: str) -> str:
        if self.separator == "/":
            return self.prefix + name
        return self.prefix + self.separator.join(
            part.replace("=", "=3D").replace(self.separator, f"={ord(self.separator):02X}") for part in name.split("/")
        )

    def our_name(self, wired: str) -> str:
        """The reverse of `wire_name`."""
        tail = wired.removeprefix(self.prefix)
        if self.separator == "/":
            return tail
        parts = tail.split(self.separator)
        return "/".join(
            part.replace(f"={ord(self.separator):02X}", self.separator).replace("=3D", "=") for part in parts
        )

    def _quoted(self, name: str) -> bytes:
        return cast(bytes, self.client._normalise_folder(self.wire_name(name)))

    def _run(self, commands: Sequence[tuple[str, ...]]) -> list[bool]:
        """Send commands at once and read their answers (pipelined); whether each succeeded."""
        imap = self._imap
        tags = [(words[0], imap._command(*words)) for words in commands]
        return [imap._command_complete(name, tag)[0] == "OK" for name, tag in tags]

    def states(self, names: Sequence[str]) -> dict[str, State]:
        """Where these folders stand, without opening them; those that are not there are left out."""
        self.unselect()  # of the open folder, Dovecot says what this connection saw last, even when it is gone
        self._imap.untagged_responses.pop("STATUS", None)
        self._run([("STATUS", self._quoted(name).decode(), self._what) for name in names])
        found = wire.states(self._imap.untagged_responses.pop("STATUS", []))
        return {self.our_name(name): state for name, state in found.items()}

    def all_states(self, names: Sequence[str]) -> dict[str, State]:
        """The same for very many folders: in one command where the server can (RFC 5819)."""
        if not self.can("LIST-STATUS"):
            return self.states(names)
        self._imap.untagged_responses.pop("STATUS", None)
        self.unselect()  # of the open folder, Dovecot says what this connection saw last, even when it is gone
        pattern = self._quoted(f"{ROOT}/*").decode()
        self._run([("LIST", '""', pattern, "RETURN", f"(STATUS {self._what})")])
        self._imap.untagged_responses.pop("LIST", None)
        found = wire.states(self._imap.untagged_responses.pop("STATUS", []))
        return {self.our_name(name): state for name, state in found.items()}

    def create(self, name: str) -> None:
        """Make a folder; one that is there already is fine."""
        try:
            self.client.create_folder(self.wire_name(name))
        except IMAPClientError:
            if name not in self.states([name]):
                raise

    def rename(self, old: str, new: str) -> None:
        """Move a folder with those below it. Servers want a folder not to be open meanwhile."""
        self.unselect()
        self.client.rename_folder(self.wire_name(old), self.wire_name(new))

    def select(self, name: str) -> State:
        """Open a folder for writing, anew when it is open already."""
        self.selected = ""
        told = self.client.select_folder(self.wire_name(name))
        self.selected = name
        if b"UIDNEXT" not in told:
            return self._state_before(name)
        modseq = int(told.get(b"HIGHESTMODSEQ") or 0)
        return State(int(told[b"UIDVALIDITY"]), int(told[b"UIDNEXT"]), int(told[b"EXISTS"]), modseq)

    def _state_before(self, name: str) -> State:
        """STATUS, and the folder open after it, for servers whose SELECT does not tell UIDNEXT (RFC 3501)."""
        state = self.states([name]).get(name)
        if state is None:
            raise Unexpected(f"{name} is gone")
        self.client.select_folder(self.wire_name(name))
        self.selected = name
        return state

    def open(self, name: str) -> None:
        """Have a folder open, and see what is new in it."""
        if self.selected == name:
            self.client.noop()
        else:
            self.select(name)

    def unselect(self) -> None:
        """Close the open folder without expunging anything (RFC 3691; without it, by opening one that is not there)."""
        if not self.selected:
            return
        self.selected = ""
        if self.can("UNSELECT"):
            self.client.unselect_folder()
        else:
            with contextlib.suppress(IMAPClientError):
                self.client.select_folder(self.wire_name(f"{ROOT}/=none"), readonly=True)

    def append(self, name: str, mails: Sequence[Mail]) -> list[int]:
        """Append in order, all or nothing where the server can (RFC 3502).

        Answers with their UIDs; empty when the server does not tell them (no UIDPLUS).
        """
        if self.can("LITERAL+") and (len(mails) == 1 or self.can("MULTIAPPEND")):
            return self._append_at_once(name, mails)
        told: list[int] = []
        for mail in mails:
            answer = wire.appended(self.client.append(self.wire_name(name), mail.content, mail.flags, mail.at))
            told += answer[1] if answer else []
        return told if len(told) == len(mails) else []

    def _append_at_once(self, name: str, mails: Sequence[Mail]) -> list[int]:
        imap = self._imap
        tag = imap._new_tag()
        imap.tagged_commands[tag] = None
        imap.send(wire.append_command(tag, self._quoted(name), mails))
        kind, answer = imap._command_complete("APPEND", tag)
        if kind != "OK":
            raise IMAPClientError(f"append failed: {answer!r}")
        told = wire.appended(answer[-1] or b"")
        return told[1] if told and len(told[1]) == len(mails) else []

    def uids(self, first: int = 1, last: int | None = None) -> list[int]:
        """The UIDs of the open folder from `first` on (to `last`), in order."""
        found = self.client.search(["UID", f"{first}:{last if last is not None else '*'}"])
        return sorted(uid for uid in found if uid >= first and (last is None or uid <= last))

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Sizes in bytes; mails that are gone are left out."""
        rows = self.client.fetch(list(uids), ["RFC822.SIZE"]) if uids else {}
        return {uid: int(row[b"RFC822.SIZE"]) for uid, row in sorted(rows.items()) if b"RFC822.SIZE" in row}

    def raw(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The whole mails."""
        rows = self.client.fetch(list(uids), ["BODY.PEEK[]"]) if uids else {}
        return {uid: row[b"BODY[]"] or b"" for uid, row in sorted(rows.items()) if b"BODY[]" in row}

    def heads(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The Message-ID field of each mail, as it stands."""
        rows = self.client.fetch(list(uids), ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"]) if uids else {}
        return {uid: next((row[k] or b"" for k in row if k.startswith(b"BODY[")), b"") for uid, row in rows.items()}

    def piece(self, uid: int, at: int, size: int) -> bytes:
        """Part of a mail that is too big to be held in memory."""
        row = self.client.fetch([uid], [f"BODY.PEEK[]<{at}.{size}>"]).get(uid, {})
        return next((value or b"" for key, value in row.items() if key.startswith(b"BODY[]")), b"")

    def vanished(self, name: str, uidvalidity: int, modseq: int) -> list[int] | None:
        """Open the folder and say what was removed since `modseq`; None when the server can't tell (RFC 7162)."""
        if not modseq or not self.can("QRESYNC"):
            return None
        self.unselect()
        imap = self._imap
        imap.untagged_responses = {}
        since = f"(QRESYNC ({uidvalidity} {modseq}))"
        kind, answer = imap._simple_command("SELECT", self._quoted(name).decode(), since)
        if kind != "OK":
            raise IMAPClientError(f"select failed: {answer!r}")
        imap.state, self.selected = "SELECTED", name
        return wire.vanished(imap.untagged_responses.pop("VANISHED", []))

    def expunge(self, uids: Sequence[int]) -> None:
        """Remove mails of the open folder, and no others."""
        if not uids:
            return
        others = [] if self.can("UIDPLUS") else [u for u in self.client.search(["DELETED"]) if u not in set(uids)]
        self.client.add_flags(list(uids), [b"\\Deleted"], silent=True)
        if self.can("UIDPLUS"):
            self.client.uid_expunge(list(uids))
            return
        if others:  # somebody else's marks survive our EXPUNGE (RFC 4549, 4.2.4)
            self.client.remove_flags(others, [b"\\Deleted"], silent=True)
        self.client.expunge()
        if others:
            self.client.add_flags(others, [b"\\Deleted"], silent=True)

    def mark(self, uids: Sequence[int], flag: str, on: bool) -> None:
        """Set or clear a flag in the open folder; mails that are gone don't matter."""
        if uids:
            change: Any = self.client.add_flags if on else self.client.remove_flags
            change(list(uids), [flag.encode()], silent=True)

    def acl(self, name: str) -> dict[str, str]:
        """Who was granted what on this folder, without ourselves and what the server grants by itself."""
        if not self.can("ACL"):
            return {}
        rows = {_text(who): _text(rights) for who, rights in self.client.getacl(self.wire_name(name))}
        return {who: _in_order(rights) for who, rights in rows.items() if not who.startswith("#") and who != self.user}

    def grant(self, name: str, changes: Mapping[str, str]) -> None:
        """Set rights (RFC 4314); empty ones take a person off the list."""
        if not self.can("ACL") or not changes:
            return
        folder = self._quoted(name).decode()
        commands = [
            ("SETACL", folder, _atom(who), rights) if rights else ("DELETEACL", folder, _atom(who))
            for who, rights in changes.items()
        ]
        if not all(self._run(commands)):
            raise Unexpected(f"the access list of {name} could not be changed")

    def notify(self) -> None:
        """Ask to be told, in IDLE, of new and removed mails in all our folders (RFC 5465)."""
        subtree = self._quoted(ROOT).decode()
        if self._imap._simple_command("NOTIFY", "SET", f"(subtree {subtree} (MessageNew MessageExpunge))")[0] != "OK":
            raise Unexpected("the server does not notify")

    def start_idle(self) -> None:
        self.client.idle()

    def hear(self, seconds: float) -> bool:
        """Whether the server said within this time that something changed."""
        heard = self.client.idle_check(timeout=seconds)
        return any(len(item) > 1 and item[0] not in (b"OK", b"NO") for item in heard)

    def end_idle(self) -> None:
        self.client.idle_done()

    def noop(self) -> None:
        self.client.noop()

    def close(self) -> None:
        """Leave at once: a connection that is closed may be one that hangs."""
        with contextlib.suppress(Exception):
            self.client.shutdown()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _in_order(rights: str) -> str:
    """Rights as we write them; servers have their own order, and add the obsolete c and d (RFC 4314, 2.1.1)."""
    return "".join(right for right in RIGHTS if right in rights)


def _atom(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
