"""What is inside the encrypted mails of a group, as Delta Chat reads them: every header is protected (RFC 9788).

One address and one key stand for the whole channel; who wrote is told by the name in From beside a `Sender`. What is
said here of Delta Chat was seen with its core 2.65.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from channels_app.mail.autocrypt import autocrypt, gossip
from channels_app.mail.charset import clean_line
from channels_app.mail.compose import boundary, multipart, text_part, thread
from channels_app.mail.dates import write_date
from channels_app.mail.encode import addr_spec, attachment_part, mailbox, unstructured
from channels_app.mail.model import Address, Attachment
from channels_app.mail.securejoin import AUTH_REQUIRED, MEMBER_ADDED, PUBKEY

SaidKind = Literal["message", "edit", "delete", "reaction", "pin", "unpin", "notice"]
_PROTECTED = '; protected-headers="v1"; hp="cipher"'
_CONTENT: Mapping[SaidKind, str] = {"pin": "message-pinned", "unpin": "message-unpinned"}
_TARGET: Mapping[SaidKind, str] = {"edit": "Chat-Edit", "delete": "Chat-Delete"}


@dataclass(frozen=True, slots=True)
class Group:
    """A channel as a group: `address` and `certificate` are what all its mails come from."""

    id: str
    name: str
    address: str
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Reader:
    """Who gets a mail."""

    email: str
    certificate: bytes
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something that happened in a group. `author` is empty for what the channel itself says.

    `text` is a message as written, the whole new text of an edit, all emoji that others have on a message, and else a
    sentence. `target` is the Message-ID of the message it is about, or answers. `voice`: its one file was spoken.
    """

    kind: SaidKind
    message_id: str
    date: datetime
    author: str
    text: str
    target: str | None = None
    attachments: tuple[Attachment, ...] = ()
    voice: bool = False


def said(group: Group, reader: Reader, what: Said) -> bytes:
    """The mail of something said, to be sealed."""
    opening = _opening(group, reader, what.author, what.date, what.message_id)
    return _lines([*opening, *_in_group(group, reader), *_about(what)]) + _body(_text(what), what, group.address)


def _about(what: Said) -> list[str]:
    lines = thread(what.target, (what.target,)) if what.target else []
    if name := _TARGET.get(what.kind):
        lines.append(f"{name}: {what.target}")
    if content := _CONTENT.get(what.kind):
        lines.append(f"Chat-Content: {content}")
    if what.voice:
        lines.append("Chat-Voice-Message: 1")
    return lines


def _text(what: Said) -> str:
    if what.kind == "edit":
        return f"\u270f\ufe0f{what.text}"
    return "\U0001f6ae" if what.kind == "delete" else what.text


def _body(text: str, what: Said, address: str) -> bytes:
    if not what.attachments:
        extra = "Content-Disposition: reaction\r\n" if what.kind == "reaction" else ""
        return text_part(f"text/plain{_PROTECTED}", text, extra) + b"\r\n"
    domain = addr_spec(address).rpartition("@")[2]
    files = [attachment_part(file, domain) for file in what.attachments]
    mark = "=_m" + boundary(what.message_id, text)
    return multipart(f"mixed{_PROTECTED}", mark, [text_part("text/plain", text), *files]) + b"\r\n"


def member_added(group: Group, reader: Reader, *, date: datetime, message_id: str) -> bytes:
    """That the reader is in the group: the end of SecureJoin."""
    stamp = int(date.timestamp())
    lines = [
        *_opening(group, reader, "", date, message_id),
        f"Secure-Join: {MEMBER_ADDED}",
        *_in_group(group, reader),
        f"Chat-Group-Name-Timestamp: {stamp}",
        f"Chat-Group-Member-Added: {addr_spec(reader.email)}",
        f"Chat-Group-Member-Added-Fpr: {reader.fingerprint}",
        f"Chat-Group-Member-Timestamps: {stamp}",
        gossip(reader.email, reader.certificate),
    ]
    return _plain(lines, f"Member {reader.email} was added.")


def member_removed(group: Group, reader: Reader, *, date: datetime, message_id: str, text: str) -> bytes:
    """That the reader is no longer in the group."""
    lines = [
        *_opening(group, reader, "", date, message_id),
        *_in_group(group, reader),
        f"Chat-Group-Member-Removed: {addr_spec(reader.email)}",
        f"Chat-Group-Member-Removed-Fpr: {reader.fingerprint}",
    ]
    return _plain(lines, text)


def others_changed(
    group: Group, reader: Reader, *, date: datetime, message_id: str, person: str, added: bool, text: str
) -> bytes:
    """That others came or went (`person` is an address that says nothing): a line between the messages.

    They are no members of the group for Delta Chat, which would write to them by itself; so it shows our own words.
    """
    change = "Added" if added else "Removed"
    lines = [
        *_opening(group, reader, "", date, message_id),
        *_in_group(group, reader),
        f"Chat-Group-Member-{change}: {addr_spec(person)}",
    ]
    return _plain(lines, text)


def renamed(group: Group, reader: Reader, *, date: datetime, message_id: str, before: str, text: str) -> bytes:
    """That the group has another name than `before`."""
    lines = [
        *_opening(group, reader, "", date, message_id),
        *_in_group(group, reader),
        f"Chat-Group-Name-Timestamp: {int(date.timestamp())}",
        f"Chat-Group-Name-Changed: {unstructured(clean_line(before, 200))}",
    ]
    return _plain(lines, text)


def pubkey(group: Group, *, date: datetime, message_id: str, secret: str) -> bytes:
    """Our certificate for who knows the code's secret (SecureJoin, version 3)."""
    lines = [
        *_opening(group, None, "", date, message_id),
        f"Secure-Join: {PUBKEY}",
        f"Secure-Join-Auth: {secret}",
    ]
    return _plain(lines, "Secure-Join")


def auth_required(group: Group, reader: Reader, *, date: datetime, message_id: str) -> bytes:
    """That who joins shall come with the code's secret (SecureJoin, version 2)."""
    lines = [
        *_opening(group, reader, "", date, message_id),
        f"Secure-Join: {AUTH_REQUIRED}",
        gossip(reader.email, reader.certificate),
    ]
    return _plain(lines, "Secure-Join")


def _opening(group: Group, reader: Reader | None, author: str, date: datetime, message_id: str) -> list[str]:
    lines = [f"From: {mailbox(Address(author or group.name, group.address))}"]
    if author:
        lines.append(f"Sender: <{addr_spec(group.address)}>")
    return [
        *lines,
        f"To: <{addr_spec(reader.email)}>" if reader else 'To: "hidden-recipients": ;',
        f"Subject: {unstructured(clean_line(group.name, 200))}",
        f"Date: {write_date(date)}",
        f"Message-ID: {message_id}",
        "Chat-Version: 1.0",
        autocrypt(group.address, group.certificate),
    ]


def _in_group(group: Group, reader: Reader) -> list[str]:
    return [
        f"Chat-Group-ID: {group.id}",
        f"Chat-Group-Name: {unstructured(clean_line(group.name, 200))}",
        f"Chat-Group-Member-Fpr: {reader.fingerprint}",
    ]


def _plain(lines: Sequence[str], text: str) -> bytes:
    return _lines(lines) + text_part(f"text/plain{_PROTECTED}", text) + b"\r\n"


def _lines(lines: Sequence[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode("ascii")
