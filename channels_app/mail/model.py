"""What the codec takes and gives: plain frozen values, so that no caller needs to know MIME.

`Post`, `LogEntry` and `Letter` go in (`compose_post`, `compose_log`, `compose_letter`), `Parsed` comes out (`parse`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

LetterKind = Literal["message", "edit", "delete", "reaction", "pin", "unpin", "notice"]


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: a display name (may be empty) and `local@domain`."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class MessageId:
    """The three things a Message-ID of ours says; `message` is `event` plus 12 digits for an entry of a Log."""

    channel: str
    message: str
    domain: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail. `file_id` is ours (`Roost-File`), `preview` the smaller twin of the file before it."""

    name: str
    type: str
    content: bytes
    file_id: str | None = None
    inline: bool = True
    preview: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One chat message as it stands now. `text` is Markdown, `html` sanitized, `date` aware.

    `in_reply_to` and `references` hold whole Message-IDs (`<…>`); COI wants the first and the last reference alone.
    `roost` becomes `Roost-*` headers: {"Seq": "12"} is `Roost-Seq: 12`.
    """

    channel_uid: str
    message_uid: str
    domain: str
    channel_name: str
    channel_address: str
    author: Address
    date: datetime
    text: str
    html: str
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    roost: Mapping[str, str] = field(default_factory=dict)
    mentions: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One event of a channel for its Log. `text` is a sentence for people, `event` the whole event as JSON.

    `target` is the Message-ID of the message concerned; `emoji` is every emoji the actor now has on it, separated
    by spaces (empty when the last one was taken away). `roost` becomes `Roost-*` headers as in a `Post`.
    """

    channel_uid: str
    seq: int
    domain: str
    channel_name: str
    channel_address: str
    actor: Address
    date: datetime
    kind: str
    text: str
    target: str | None = None
    event: Mapping[str, Any] = field(default_factory=dict)
    emoji: str | None = None
    roost: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One event of a channel as it goes to people who have only a mailbox: the same for all of them.

    `sender` is the author's name at the channel's own address. `list_id` is `id.domain`, `list_name` the channel's
    name. `message_id`, `in_reply_to`, `references` and `target` are whole Message-IDs (`<…>`); `target` is the message
    that is edited, deleted, reacted to, pinned or unpinned, and stands in for `in_reply_to` then.

    `text` is a message as written, the whole new text of an edit, all emoji of a reaction separated by spaces (empty
    when the last one was taken away), and else a sentence. `html` is sanitised, and empty when it would say no more
    than the text; of a reaction it is a sentence. `auto`: no person caused this mail. `voice`: its one file was spoken.

    `links` are words that stand for addresses only their reader may have: where text and HTML have `place(link)`,
    each reader sees theirs (`Recipient.link`).
    """

    message_id: str
    kind: LetterKind
    sender: Address
    subject: str
    date: datetime
    list_id: str
    list_name: str
    text: str
    html: str = ""
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    target: str | None = None
    attachments: tuple[Attachment, ...] = ()
    mentions: tuple[Address, ...] = ()
    auto: bool = False
    voice: bool = False
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom a letter goes to. `reply_to` is the signed address of this person here, `unsubscribe` an https URL.

    `link` makes this person's URL of one of the letter's `links`.
    """

    to: Address
    reply_to: str
    unsubscribe: str
    link: Callable[[str], str] = field(default=str, compare=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a mail `parse` is willing to look at. What lies beyond is left out and named in `defects`."""

    size: int = 64 * 1024 * 1024  # bytes of the raw mail
    header_bytes: int = 128 * 1024  # bytes of one header block
    header_line: int = 16 * 1024  # bytes of one unfolded header
    headers: int = 500  # fields in one header block
    addresses: int = 500  # mailboxes in one address header
    references: int = 100
    parts: int = 200
    depth: int = 20
    text: int = 40_000  # characters of text; a longer one is kept whole as the attachment message.md
    text_bytes: int = 2 * 1024 * 1024  # of one text part as it travels; a bigger one is a file
    html: int = 256 * 1024  # characters of HTML given to the converter
    attachments: int = 100
    attachment_bytes: int = 50 * 1024 * 1024  # of all attachments together, decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """Everything `parse` found in a mail. Every field has a value that means "not there"; nothing here is trusted.

    `text` is Markdown of the new text alone, `quoted` what was folded away (quotes, signature, disclaimer).
    `chat_content` is COI's word, normalised ("editrequest", "deleterequest", "status", …); `in_reply_to` then names
    the message concerned. `reaction` is a tuple of emoji, empty when the sender has none left, None when the mail is
    no reaction; `reaction_adds` when they come to those the sender has instead of being all. `roost` holds the
    `Roost-*` headers by the name after the prefix as it was written ("Seq").
    `event` is the JSON event of a Log entry. `auto` says that no person wrote this: "auto-replied",
    "auto-generated", "bounce", "receipt", "list" or "bulk". `date` is aware; None when absent or absurd.
    """

    message_id: str | None = None
    own: MessageId | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    from_: Address | None = None
    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    date: datetime | None = None
    is_chat: bool = False
    chat_content: str | None = None
    pinned: bool = False
    text: str = ""
    quoted: str | None = None
    attachments: tuple[Attachment, ...] = ()
    reaction: tuple[str, ...] | None = None
    reaction_adds: bool = False
    roost: dict[str, str] = field(default_factory=dict)
    event: dict[str, Any] | None = None
    auto: str | None = None
    defects: tuple[str, ...] = ()
    truncated: bool = False
