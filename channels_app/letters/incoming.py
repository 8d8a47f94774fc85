"""Mails as what people do: post, react, edit, delete. `origin` says by which carrier a mail came ("imap", "mail")."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from hashlib import blake2b

from django.conf import settings

from channels_app.chat import messages, posting, reactions
from channels_app.chat.models import Reaction
from channels_app.chat.posting import Posting
from channels_app.files import uploads
from channels_app.letters.unwanted import Unwanted
from channels_app.mail import Attachment, Parsed
from channels_app.mail.headers import without_trace
from workspace.people.models import Person


def is_act(parsed: Parsed, target: str | None) -> bool:
    """Whether a mail asks for something to be done to the message `target` (COI, RFC 9078), and is none itself.

    Raises `Unwanted` when that message is not here, and for what is not to be shown.
    """
    if parsed.chat_content == "ignore":
        raise Unwanted("asks not to be shown")
    acts = parsed.reaction is not None or parsed.chat_content in ("editrequest", "deleterequest")
    if acts and target is None:
        raise Unwanted("is about a message that is not here")
    return acts


def act(parsed: Parsed, target: str | None, *, person: Person, origin: str) -> bool:
    """Do what a mail asks to be done to the message `target`; False when it is a message itself.

    Raises as `is_act`, and the refusals of the verbs. Writes several things: the caller has a transaction.
    """
    if not is_act(parsed, target) or target is None:
        return False
    if parsed.reaction is not None:
        _react(person, target, parsed.reaction, origin, adds=parsed.reaction_adds)
    elif parsed.chat_content == "editrequest":
        messages.edit(person=person, message=target, text=parsed.text, origin=origin)
    else:
        messages.delete(person=person, message=target, origin=origin)
    return True


def _react(person: Person, message: str, wanted: Sequence[str], origin: str, *, adds: bool) -> None:
    """Make a person's reactions what their mail says: it names all they now have (RFC 9078), or one more."""
    now = set(Reaction.objects.filter(message=message, person=person).values_list("emoji", flat=True))
    for emoji in wanted:
        if emoji not in now:
            reactions.add(person=person, message=message, emoji=emoji, origin=origin)
    for emoji in () if adds else now - set(wanted):
        reactions.remove(person=person, message=message, emoji=emoji, origin=origin)


def posting_of(
    parsed: Parsed, *, person: Person, channel: str, thread: str | None, client_id: str, origin: str
) -> Posting:
    """The message a mail is, its files stored. Raises what `uploads.store` raises."""
    stored = [
        uploads.store(uploader=person, name=file.name or "file", chunks=[file.content], declared_type=file.type).id
        for file in files_of(parsed)
    ]
    return Posting(
        person=person.id,
        channel=channel,
        text=(parsed.text or ("" if stored else parsed.subject or "(empty mail)"))[: settings.TEXT_LIMIT],
        thread=thread,
        files=stored,
        client_id=client_id,
        origin=origin,
        external_id=parsed.message_id[:998] if parsed.message_id else None,
        quoted=parsed.quoted,
    )


def files_of(parsed: Parsed) -> list[Attachment]:
    """The files of a mail as a message can have them: those it has no room for come as one archive."""
    files = [file for file in parsed.attachments if file.content and not file.preview]
    room = posting.MOST_FILES
    if len(files) <= room:
        return files
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, file in enumerate(files[room - 1 :], room):
            # A fixed date, so that the rebuild makes the same bytes.
            archive.writestr(zipfile.ZipInfo(f"{number}-{uploads.clean_name(file.name)}"), file.content)
    return [*files[: room - 1], Attachment("more-files.zip", "application/zip", packed.getvalue())]


def client_id(raw: bytes, *, channel: str, origin: str) -> str:
    """The client id of the message a mail becomes: the same mail in the same channel is the same message."""
    return f"{origin}:" + blake2b(raw, digest_size=20, key=channel.encode()).hexdigest()


def identity(parsed: Parsed, raw: bytes) -> bytes:
    """What a mail is known by when it is handed over again: its Message-ID, else its bytes but for servers' traces."""
    return (parsed.message_id or "").encode("utf-8", "replace") or without_trace(raw)


def same_id(parsed: Parsed, raw: bytes, *, person: Person, channel: str, origin: str) -> str:
    """The client id of a person's mail that may be handed over again."""
    return client_id(person.id.encode() + b"\0" + identity(parsed, raw), channel=channel, origin=origin)
