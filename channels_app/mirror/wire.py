"""What IMAP says and is told, byte by byte: the parts IMAPClient lacks (RFC 3502, 4315, 5819, 7162)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from imapclient.datetime_util import datetime_to_INTERNALDATE
from imapclient.imap_utf7 import decode as decode_utf7
from imapclient.response_parser import parse_response

_APPENDUID = re.compile(rb"\[APPENDUID (\d+) ([\d:,]+)\]")
_SET = re.compile(rb"[\d:,]+$")


@dataclass(frozen=True, slots=True)
class Mail:
    """What is appended: the bytes, when it counts as received, its flags."""

    content: bytes
    at: datetime
    flags: tuple[str, ...] = ("$Chat",)


@dataclass(frozen=True, slots=True)
class State:
    """Where a folder stands: `modseq` is 0 for a server without CONDSTORE."""

    uidvalidity: int
    uidnext: int
    messages: int
    modseq: int = 0


def append_command(tag: bytes, folder: bytes, mails: Sequence[Mail]) -> bytes:
    """One APPEND of several mails with non-synchronizing literals, ready to be sent at once."""
    pieces = [b"%s APPEND %s" % (tag, folder)]
    for mail in mails:
        pieces += [append_options(mail), b"{%d+}\r\n" % len(mail.content), mail.content]
    return b"".join([*pieces, b"\r\n"])


def append_options(mail: Mail) -> bytes:
    return f' ({" ".join(mail.flags)}) "{datetime_to_INTERNALDATE(mail.at)}" '.encode("ascii")


def appended(answer: Any) -> tuple[int, list[int]] | None:
    """(UIDVALIDITY, UIDs in order) from the answer to an APPEND; None when the server does not tell."""
    found = _APPENDUID.search(answer if isinstance(answer, bytes) else repr(answer).encode())
    return (int(found[1]), uid_set(found[2])) if found else None


def uid_set(text: bytes) -> list[int]:
    """`1:3,7` as [1, 2, 3, 7], in the order given."""
    uids: list[int] = []
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        uids.extend(range(int(first), int(last or first) + 1))
    return uids


def vanished(lines: Iterable[Any]) -> list[int]:
    """The UIDs of `VANISHED (EARLIER) 41,43:116` responses."""
    uids: list[int] = []
    for line in lines:
        if isinstance(line, bytes) and (found := _SET.search(line)):
            uids.extend(uid_set(found[0]))
    return uids


def states(lines: Sequence[Any]) -> dict[str, State]:
    """STATUS responses by folder name as the server writes it; incomplete ones are left out."""
    found: dict[str, State] = {}
    for item in _joined(lines):
        parsed: Any = parse_response(item)
        name, values = parsed[:2]
        told = {bytes(key).upper(): value for key, value in zip(values[::2], values[1::2], strict=True)}
        if {b"UIDVALIDITY", b"UIDNEXT", b"MESSAGES"} <= told.keys():
            state = State(
                told[b"UIDVALIDITY"], told[b"UIDNEXT"], told[b"MESSAGES"], int(told.get(b"HIGHESTMODSEQ") or 0)
            )
            found[decode_utf7(name) if isinstance(name, bytes) else str(name)] = state
    return found


def _joined(lines: Sequence[Any]) -> list[list[Any]]:
    """imaplib splits a response at its literals; `parse_response` wants the pieces of one response together."""
    items: list[list[Any]] = []
    open_ended = False
    for line in lines:
        if line is None:
            continue
        if open_ended:
            items[-1].append(line)
        else:
            items.append([line])
        open_ended = isinstance(line, tuple)
    return items
