"""A channel's event as mail for people who have nothing but a mailbox: composed once, addressed to each by a join.

multipart/mixed                only for files and edits
  multipart/related            only for a picture that stands in the HTML
    multipart/alternative      only when there is HTML
      text/plain; format=flowed
      text/html
    the small picture          Chat-Content: preview
  one part a file

An ordinary program shows a mailing list in threads (RFC 2369, RFC 2919), a chat client one chat. What COI, RFC 9078 and
Delta Chat call each kind stands in headers beside a text that makes sense without them. What is said here of Delta Chat
was seen with its core 2.65 in plain mail.
"""

import html as html_lib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import quote

from channels_app.mail.charset import clean_line
from channels_app.mail.compose import boundary, flowed_part, html_part, multipart, text_part, thread
from channels_app.mail.dates import write_date
from channels_app.mail.dkim import body_hash
from channels_app.mail.encode import (
    addr_spec,
    attachment_part,
    ids,
    list_id,
    mailbox,
    quoted_printable,
    unstructured,
)
from channels_app.mail.model import Attachment, Letter, LetterKind, Recipient

_CONTENT: Mapping[LetterKind, str] = {
    "edit": "editrequest",
    "delete": "deleterequest",
    "pin": "message-pinned",  # these two are Delta Chat's words; COI has only the disposition
    "unpin": "message-unpinned",
    "notice": "status",
}
_DELTA_CHAT: Mapping[LetterKind, str] = {"edit": "Chat-Edit", "delete": "Chat-Delete"}
_DISPOSITION: Mapping[LetterKind, str] = {"reaction": "reaction", "pin": "pinned"}
_WITHOUT_TARGET = ("message", "notice")
_MARK: Mapping[LetterKind, str] = {"edit": "✏️", "delete": "🚮 "}  # no space: Delta Chat takes off only the pencil
_EDITED = "<p>✏️ <em>Edited:</em></p>\n"
_NOT_IN_URL = re.compile(r"[^!-~]|[<>\"]")
_LONGEST_URL = 900


@dataclass(frozen=True, slots=True)
class ComposedLetter:
    """A letter that lacks only its reader: what is the same for all, in the three pieces between what is not.

    So is the `body`, and its hash (`dkim.body_hash`), unless there are `links`.
    """

    start: bytes
    about: bytes
    rest: bytes
    body: bytes
    body_hash: str
    links: tuple[str, ...] = ()

    def to(self, recipient: Recipient) -> bytes:
        """The mail for one reader. CRLF lines, ASCII, no line over 998 bytes; the same bytes for the same values.

        Raises ValueError for an `unsubscribe` or a link of more than 900 characters.
        """
        return b"\r\n".join((self.head_to(recipient), self.body_to(recipient)))

    def head_to(self, recipient: Recipient) -> bytes:
        """The header alone, without the blank line that ends it. Raises as `to` does."""
        addressed, leaving = _own_headers(recipient)
        return b"".join((self.start, addressed, self.about, leaving, self.rest))

    def body_to(self, recipient: Recipient) -> bytes:
        """What follows the header and the blank line. Raises as `to` does."""
        body = self.body
        for link in self.links:
            url = quoted_printable(_url(recipient.link(link)).encode("ascii"))
            body = body.replace(place(link).encode("ascii"), b"=\r\n" + url + b"=\r\n")
        return body


def place(link: str) -> str:
    """What stands in a letter where each reader sees their own URL of a link: a short word that no text has.

    Near the beginning of a line, where no encoding breaks it.
    """
    return f"roost-link-{boundary(link)}"


def compose_letter(letter: Letter) -> ComposedLetter:
    """Everything of the mail but its reader.

    Raises ValueError for a naive date, for a Message-ID that cannot be written in ASCII, for an edit, deletion,
    reaction or (un)pin without its `target`, and for a reaction taken away without `html` that says so.
    """
    own = _whole_id(letter.message_id)
    if letter.kind == "reaction" and not (letter.text or letter.html):
        raise ValueError("a mail that says nothing")
    about = [
        f"Subject: {unstructured(clean_line(letter.subject, 200))}",
        f"Date: {write_date(letter.date)}",
        f"Message-ID: {own}",
        *_thread(letter),
        f"List-Id: {list_id(letter.list_name, letter.list_id)}",
    ]
    kind, _, body = (_body(letter, own) + b"\r\n").partition(b"\r\n\r\n")
    return ComposedLetter(
        start=_lines(f"From: {mailbox(letter.sender)}"),
        about=_lines(*about),
        rest=_lines("List-Unsubscribe-Post: List-Unsubscribe=One-Click", *_chat(letter)) + kind + b"\r\n",
        body=body,
        body_hash=body_hash(body),
        links=letter.links,
    )


@lru_cache(maxsize=4096)
def _own_headers(recipient: Recipient) -> tuple[bytes, bytes]:
    """The headers that differ from reader to reader: those before the subject, and those after the list's id."""
    signed = addr_spec(recipient.reply_to)
    link = "mailto:" + quote(signed, safe="@+!$'*")  # RFC 6068
    url = _url(recipient.unsubscribe)
    return (
        _lines(f"To: {mailbox(recipient.to)}", f"Reply-To: <{signed}>"),
        _lines(f"List-Post: <{link}>", f"List-Unsubscribe: <{url}>,\r\n <{link}?subject=leave>"),
    )


def _url(value: str) -> str:
    url = _NOT_IN_URL.sub(lambda found: quote(found[0], safe="", errors="replace"), value)
    if len(url) > _LONGEST_URL:
        raise ValueError(f"an address is too long: {len(url)} characters")
    return url


def _thread(letter: Letter) -> list[str]:
    if letter.kind not in _WITHOUT_TARGET:
        target = _whole_id(letter.target or "")
        return thread(target, (*letter.references, target))
    return thread(letter.in_reply_to, letter.references) if letter.in_reply_to else []


def _chat(letter: Letter) -> list[str]:
    """What tells a chat client what this is."""
    lines = ["Auto-Submitted: auto-generated"] if letter.auto else []
    lines.append("Chat-Version: 1.0")
    if content := _CONTENT.get(letter.kind):
        lines.append(f"Chat-Content: {content}")
    if letter.voice:
        lines.append("Chat-Voice-Message: 1")
    return [*lines, *_chat_target(letter), "MIME-Version: 1.0"]


def _chat_target(letter: Letter) -> list[str]:
    name = _DELTA_CHAT.get(letter.kind)
    return [f"{name}: {letter.target}"] if name else []


def _body(letter: Letter, own: str) -> bytes:
    mark = boundary(own, letter.kind, letter.text, letter.html)
    domain = addr_spec(letter.sender.email).rpartition("@")[2]
    text = _text(letter, mark)
    if previews := [attachment_part(file, domain) for file in letter.attachments if file.preview]:
        text = multipart("related", "=_r" + mark, [text, *previews])
    files = [file for file in letter.attachments if not file.preview]
    if letter.kind == "edit":
        # Delta Chat believes this header on the first part of a mixed mail alone. It believes no Chat-Delete in plain
        # mail: on a part that would only hide the sentence.
        text = _lines(*_chat_target(letter)) + text
    elif not files:
        return text
    return multipart("mixed", "=_m" + mark, [text, *[_file_part(file, domain) for file in files]])


def _file_part(file: Attachment, domain: str) -> bytes:
    """Texts are never inline: Delta Chat and others take the second text of a list's mail for the list's footer."""
    return attachment_part(replace(file, inline=False) if file.type.lower().startswith("text/") else file, domain)


def _text(letter: Letter, mark: str) -> bytes:
    html = _html(letter)
    plain = _plain_part(letter)
    shown = html_part(html, letter.mentions, quoted=bool(letter.links)) if html else b""
    return multipart("alternative", "=_a" + mark, [plain, shown]) if html else plain


def _plain_part(letter: Letter) -> bytes:
    disposition = _DISPOSITION.get(letter.kind)
    extra = f"Content-Disposition: {disposition}\r\n" if disposition else ""
    if letter.kind == "reaction":
        return text_part("text/plain", letter.text, extra)  # RFC 9078 allows no parameter but the charset
    return flowed_part(_MARK.get(letter.kind, "") + letter.text, extra, quoted=bool(letter.links))


def _html(letter: Letter) -> str:
    """Whoever knows none of these dispositions may take the text for a file (RFC 2183, 2.8), so HTML stands beside."""
    if letter.kind in _DISPOSITION and not letter.html:
        return f"<p>{html_lib.escape(letter.text)}</p>"
    return _EDITED + letter.html if letter.kind == "edit" and letter.html else letter.html


def _whole_id(value: str) -> str:
    if not ids(value):
        raise ValueError(f"not a Message-ID: {value[:200]!r}")
    return value


def _lines(*lines: str) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode("ascii")
