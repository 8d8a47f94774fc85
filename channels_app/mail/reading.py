"""A mail, from anybody and in any shape, as a `Parsed`.

Mails of ours are read back exactly; of any other the new text is told from quotes and signatures.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from channels_app.mail import phrases
from channels_app.mail.addresses import read_addresses
from channels_app.mail.auto import automatic
from channels_app.mail.body import Body, body_text, find_body, read_files, unpack
from channels_app.mail.charset import without_controls
from channels_app.mail.dates import read_date
from channels_app.mail.enveloped import CMS_TYPES, as_mail, signed_content
from channels_app.mail.headers import Headers, decode_words
from channels_app.mail.ids import event_seq, parse_message_id
from channels_app.mail.invites import CALENDAR, read_invite
from channels_app.mail.log import EVENT_TYPE
from channels_app.mail.model import Address, Attachment, Limits, MessageId, Parsed
from channels_app.mail.parts import Part, Reader
from channels_app.mail.pictures import without_folded
from channels_app.mail.quoting import fold

_ID = re.compile(r"<[^<>\s]{1,990}>")
_BARE_ID = re.compile(r"[^<>\s@]{1,500}@[^<>\s@]{1,255}")
_ONCE = ("from", "sender", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references")
_CONTENT = {"edit": "editrequest", "delete": "deleterequest"}
_EMOJI = re.compile(r"[^\w\s]|[\u2000-\u3300\U0001f000-\U0001faff]|:[a-z0-9_+-]{1,60}:")
_GMAIL_REACTION = "text/vnd.google.email-reaction+json"
_EDITED = "\u270f\ufe0f"  # Delta Chat writes a pencil before the new text
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_DEFAULT = Limits()


def parse(raw: bytes, *, limits: Limits = _DEFAULT) -> Parsed:
    """Read a raw mail. Never raises on any bytes; bounded in time and memory by `limits`."""
    try:
        return read(raw, limits)
    except Exception as error:  # the promise of this room, whatever we did not think of
        return Parsed(defects=(f"unreadable: {type(error).__name__}",))


def read(raw: bytes, limits: Limits) -> Parsed:
    """What `parse` does, without its net."""
    reader, root = _opened(raw, limits)
    if len(raw) > limits.size:
        reader.note("mail too big")
    headers = root.headers
    message_id, references, in_reply_to = _thread(headers, limits)
    own = parse_message_id(message_id) if message_id else None
    roost = _roost(headers)
    content = _content(reader, root, own, exact=own is not None and bool(roost))
    sender = _sender(reader, headers)
    return Parsed(
        message_id=message_id,
        own=own,
        in_reply_to=content.target or in_reply_to,
        references=references,
        from_=sender,
        sender=next(iter(read_addresses(headers.get("sender"), 1)), None),
        to=read_addresses(headers.get("to"), limits.addresses),
        cc=read_addresses(headers.get("cc"), limits.addresses),
        subject=headers.text("subject"),
        date=read_date(headers.get("date")),
        is_chat=bool(headers.get("chat-version")) or any(map(_is_chat_id, [message_id, *references[:1]])),
        chat_content=content.kind,
        pinned=content.pinned,
        text=content.text,
        quoted=content.quoted,
        attachments=content.files,
        reaction=content.reaction,
        reaction_adds=content.reaction_adds,
        roost=roost,
        event=content.event,
        auto=None if own and roost else automatic(root),
        defects=tuple(reader.defects),
        truncated=content.truncated,
    )


def _opened(raw: bytes, limits: Limits) -> tuple[Reader, Part]:
    """The mail, out of the envelope of an opaque signature; signed twice at most."""
    reader = Reader(raw[: limits.size], limits)
    root = reader.root()
    for _ in range(2):
        inner = signed_content(reader.content(root)) if root.type in CMS_TYPES else None
        if inner is None:
            break
        reader = Reader(as_mail(reader.raw, root.start, inner), limits)
        root = reader.root()
    return reader, root


@dataclass(slots=True)
class _Content:
    """What a mail says, as opposed to who says it to whom."""

    kind: str | None
    target: str | None
    pinned: bool
    event: dict[str, Any] | None
    reaction: tuple[str, ...] | None
    reaction_adds: bool
    text: str
    quoted: str | None
    files: tuple[Attachment, ...]
    truncated: bool


def _content(reader: Reader, root: Part, own: MessageId | None, *, exact: bool) -> _Content:
    """The body; `own` is our id of it, `exact` when it also has our headers and so is read back without folding."""
    kind, target = _chat_content(root)
    pinned = kind == "message-pinned" or any(part.disposition == "pinned" for part in _near(root))
    body = find_body(reader, root)
    # Only a Log entry brings an event: in a post that part is a file, and whoever uploads one could forge events.
    event = _take_event(reader, body) if own is not None and event_seq(own) is not None else None
    reaction = _take_reaction(reader, root, body, exact=own is not None)
    added = _take_gmail_reaction(reader, root, body) if reaction is None else None
    if not exact:
        unpack(reader, body)
    found = read_files(reader, body)
    text, quoted = _text(reader, root, body, found.pictures, exact=exact)
    most = reader.limits.text
    text, files, truncated = _bounded(text, without_folded(found.all, found.pictures, text, quoted), most)
    return _Content(
        kind=kind,
        target=target,
        pinned=pinned,
        event=event,
        reaction=reaction if added is None else added,
        reaction_adds=added is not None,
        text=text,
        quoted=quoted[:most] if quoted else None,
        files=files,
        truncated=truncated,
    )


def _sender(reader: Reader, headers: Headers) -> Address | None:
    """The one mailbox of From; more than one, or headers given twice, are how people are fooled, so we say so."""
    for name in _ONCE:
        if name in headers.repeated:
            reader.note(f"repeated {name}")
    senders = read_addresses(headers.get("from"), 2)
    if len(senders) != 1:
        reader.note("several senders" if senders else "no sender")
    return senders[0] if senders else None


def _thread(headers: Headers, limits: Limits) -> tuple[str | None, tuple[str, ...], str | None]:
    """Message-ID, References and In-Reply-To; an id without its brackets gets them."""
    message_id = next(_ids(headers.get("message-id")), None)
    references = tuple(_ids(headers.get("references")))
    if len(references) > limits.references:
        references = (references[0], *references[1 - limits.references :])
    in_reply_to = next(_ids(headers.get("in-reply-to")), None)
    return message_id, references, in_reply_to or (references[-1] if references else None)


def _ids(value: str) -> Iterator[str]:
    value = without_controls(value)
    if "<" in value:
        yield from _ID.findall(value)
    elif found := _BARE_ID.search(value[:2000]):
        yield f"<{found[0]}>"


def _is_chat_id(message_id: str | None) -> bool:
    return message_id is not None and message_id.startswith("<chat$")


def _roost(headers: Headers) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers.order:
        if name[:6].lower() == "roost-" and name[6:]:
            found.setdefault(name[6:], without_controls(decode_words(value)))
    return found


def _near(root: Part) -> list[Part]:
    """The mail itself and its first level: where COI and RFC 9078 put their words."""
    return [root, *root.children]


def _chat_content(root: Part) -> tuple[str | None, str | None]:
    """COI's Chat-Content of the mail or of its first text, and the message concerned where it is named aside."""
    for header, content in (("chat-edit", "editrequest"), ("chat-delete", "deleterequest")):  # Delta Chat
        if target := next(_ids(root.headers.get(header)), None):
            return content, target
    for part in _near(root)[:2]:
        value = part.headers.get("chat-content").partition(";")[0].strip().lower()[:100]
        if value and value != "preview":
            return _CONTENT.get(value, value), None
    return None, None


def _take_event(reader: Reader, body: Body) -> dict[str, Any] | None:
    """The event of a Log entry; it is no attachment then."""
    part = next((part for part in body.files if part.type == EVENT_TYPE), None)
    if part is None:
        return None
    try:
        source = reader.content(part).decode("utf-8")
        event = json.loads(source)
        if isinstance(event, dict) and not _NUL.search(source):
            json.dumps(event, ensure_ascii=False).encode("utf-8")  # a lone surrogate fits into no database
            body.files.remove(part)
            return event
    except (ValueError, RecursionError):
        pass
    reader.note("unreadable event")
    return None


def _take_reaction(reader: Reader, root: Part, body: Body, *, exact: bool) -> tuple[str, ...] | None:
    """RFC 9078: all emoji the sender now has on the message. Something that is no emoji makes it an ordinary text."""
    part = next((part for part in _near(root) if part.disposition == "reaction" and not part.filename), None)
    # An empty one is never the best of alternatives, so it may not be among the texts.
    if part is None or not (part in body.texts or root.type == "multipart/alternative"):
        return None
    words = reader.text(part)[:2000].split()[:50]
    if not exact and not all(len(word) <= 64 and _EMOJI.match(word) for word in words):
        return None
    body.texts = [text for text in body.texts if text is not part and root.type != "multipart/alternative"]
    return tuple(words)


def _take_gmail_reaction(reader: Reader, root: Part, body: Body) -> tuple[str, ...] | None:
    """What Gmail adds with a reaction: one emoji, which says nothing of those before it."""
    part = next((part for part in _near(root) if part.type == _GMAIL_REACTION), None)
    if part is None or part.end - part.start > 2000:
        return None
    try:
        emoji = json.loads(reader.content(part))["emoji"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not isinstance(emoji, str) or len(emoji) > 64 or not _EMOJI.match(emoji):
        return None
    body.texts, body.files = [], [file for file in body.files if file is not part]
    return (without_controls(emoji),)


def _text(
    reader: Reader, root: Part, body: Body, pictures: Mapping[str, str], *, exact: bool
) -> tuple[str, str | None]:
    """(new text, folded text or None)."""
    if exact:
        markdown = _first_markdown(root)
        return (reader.exact_text(markdown) if markdown else body_text(reader, body, pictures)), None
    headers = root.headers
    forwarded = bool(phrases.FORWARD_SUBJECT.match(headers.text("subject", 100)))
    answer = bool(headers.get("in-reply-to") or headers.get("references"))
    text, quoted = fold(body_text(reader, body, pictures), forwarded=forwarded, answer=answer)
    if headers.get("chat-edit"):
        text = text.removeprefix(_EDITED).lstrip()
    return _with_invite(reader, body, text, quoted)


def _with_invite(reader: Reader, body: Body, text: str, quoted: str | None) -> tuple[str, str | None]:
    """An invitation is what is said; a text beside it is somebody's words, unless a program wrote the same again."""
    part = next((part for part in body.files if part.type == CALENDAR), None)
    invite = read_invite(reader.text(part)) if part else None
    if invite is None:
        return text, quoted
    if invite.made_text:
        folded = [one for one in (text, quoted) if one]
        return "\n\n".join(filter(None, (invite.told, invite.description))), "\n\n".join(folded) or None
    return "\n\n".join(filter(None, (invite.told, text or invite.description))), quoted


def _first_markdown(part: Part) -> Part | None:
    """Where we write the text exactly, even when it is empty: the first text/markdown that is no file."""
    if part.type == "text/markdown" and not part.filename:
        return part
    return next((found for child in part.children if (found := _first_markdown(child))), None)


def _bounded(text: str, files: tuple[Attachment, ...], most: int) -> tuple[str, tuple[Attachment, ...], bool]:
    """A text of more than `most` characters is cut at a line or word, and kept whole as a file."""
    if len(text) <= most:
        return text, files, False
    at = max(text.rfind("\n", most // 2, most), text.rfind(" ", most * 9 // 10, most))
    whole = Attachment("message.md", "text/markdown", text.encode("utf-8", "replace"))
    return text[: at if at > 0 else most].rstrip(), (*files, whole), True
