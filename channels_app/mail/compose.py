"""A chat message as a mail (COI), serialised by hand: the same bytes every time, and quick enough for a big channel.

multipart/mixed                only when there are files
  multipart/alternative
    text/plain; format=flowed  the Markdown source, for the plainest program
    text/markdown              the same, exactly: what we read back
    text/html                  how the web client shows it
  one part a file              Content-Disposition: inline
"""

import html as html_lib
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from channels_app.mail.dates import write_date
from channels_app.mail.encode import attachment_part, ids, mailbox, text_body, unstructured
from channels_app.mail.flowed import flow
from channels_app.mail.ids import message_id
from channels_app.mail.model import Address, LogEntry, Post

_MENTION = re.compile(r'<span class="mention"[^>]*>@([^<]*)</span>')
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")


def compose_post(post: Post) -> bytes:
    """The mail of a chat message. CRLF lines, ASCII, no line over 998 bytes; the same bytes for the same `post`.

    Raises ValueError for a naive date or a `roost` name that is no header name.
    """
    own = message_id(post.channel_uid, post.message_uid, post.domain)
    lines = opening(post, post.author, own)
    if post.in_reply_to:
        lines += thread(post.in_reply_to, post.references)
    lines += roost(post.roost)
    mark = boundary(own, post.text, post.html)
    parts = [_alternative_of(post, mark)]
    if not post.attachments:
        return "\r\n".join(lines).encode("ascii") + b"\r\n" + parts[0] + b"\r\n"
    parts += [attachment_part(file, post.domain) for file in post.attachments]
    return "\r\n".join(lines).encode("ascii") + b"\r\n" + multipart("mixed", "=_m" + mark, parts) + b"\r\n"


def opening(about: Post | LogEntry, author: Address, own: str) -> list[str]:
    """The headers that every mail of a channel has (COI, "A COI message"), in the order people expect."""
    name = unstructured(about.channel_name[:200])
    return [
        f"From: {mailbox(author)}",
        f"To: {mailbox(Address(about.channel_name, about.channel_address))}",
        f"Subject: {name}",
        f"Date: {write_date(about.date)}",
        f"Message-ID: {own}",
        f"List-Id: <{about.channel_uid}.{about.domain}>",
        "Chat-Version: 1.0",
        "MIME-Version: 1.0",
    ]


def roost(values: Mapping[str, str]) -> list[str]:
    """`Roost-*` headers. Raises ValueError for what is no name of one."""
    if wrong := next((name for name in values if not _HEADER_NAME.fullmatch(name)), None):
        raise ValueError(f"not a header name: {wrong!r}")
    return [f"Roost-{name}: {unstructured(value)}" for name, value in values.items()]


def thread(in_reply_to: str, references: Sequence[str]) -> list[str]:
    """In-Reply-To and References; of a longer chain only the first and the last, as COI wants it."""
    lines = []
    if answered := ids(in_reply_to):
        lines.append(f"In-Reply-To: {answered}")
    chain = [*references] or [in_reply_to]
    if chain := [chain[0], chain[-1]] if len(chain) > 1 and chain[0] != chain[-1] else chain[:1]:
        named = [value for value in map(ids, chain) if value]
        if named:
            lines.append("References: " + "\r\n ".join(named))
    return lines


def multipart(subtype: str, mark: str, parts: Sequence[bytes]) -> bytes:
    """A multipart from its Content-Type header on, of parts that bring their own headers."""
    delimiter = f"\r\n--{mark}\r\n".encode("ascii")
    head = f'Content-Type: multipart/{subtype}; boundary="{mark}"\r\n'.encode("ascii")
    return head + b"".join([delimiter + part for part in parts]) + f"\r\n--{mark}--\r\n".encode("ascii")


def text_part(kind: str, text: str, extra: str = "", *, quoted: bool = False) -> bytes:
    """A text part with its headers; `extra` is further header lines, each ending in CRLF."""
    encoding, body = text_body(text, quoted=quoted)
    head = f"Content-Type: {kind}; charset=utf-8\r\n{extra}Content-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode("ascii") + body


def flowed_part(text: str, extra: str = "", *, quoted: bool = False) -> bytes:
    """The text/plain part that COI asks for in every mail."""
    encoding, body = text_body(flow(text), quoted=quoted)
    head = (
        "Content-Type: text/plain; charset=utf-8; format=flowed\r\n"
        f"{extra}Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode("ascii") + body


def html_part(html: str, mentions: Sequence[Address] = (), *, quoted: bool = False) -> bytes:
    """The text/html part, a whole document; mentions become links to the mailboxes of those people."""
    shown = _MENTION.sub(lambda found: _link(found, mentions), html) if mentions else html
    shown = shown.rstrip("\n")
    frame = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n'
    return text_part("text/html", f"{frame}{shown}\n</body></html>\n", quoted=quoted)


def boundary(*content: str) -> str:
    """Derived from all that could contain it, so that nobody can write a text that ends its own part."""
    digest = blake2b("\0".join(content).encode("utf-8", "replace"), digest_size=12)
    return digest.hexdigest()


def _alternative_of(post: Post, mark: str) -> bytes:
    parts = [flowed_part(post.text), text_part("text/markdown", post.text), html_part(post.html, post.mentions)]
    return multipart("alternative", "=_a" + mark, parts)


def _link(found: re.Match[str], mentions: Sequence[Address]) -> str:
    name = html_lib.unescape(found[1])
    email = next((person.email for person in mentions if person.name == name), None)
    if email is None:
        return found[0]
    return f'<a class="mention" href="mailto:{html_lib.escape(email)}">@{found[1]}</a>'
