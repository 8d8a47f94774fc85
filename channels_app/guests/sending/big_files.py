"""Files that do not go along: the letter has a link to each, a small picture where there is one, and the day it ends.

Mail servers refuse what is much bigger than ten megabytes, and who gets a digest did not ask for files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from channels_app.files import previews
from channels_app.files.models import StoredFile
from channels_app.guests import file_links
from channels_app.guests.file_links import Shared
from channels_app.mail import Attachment, place, preview_id

FILES_BYTES = 10 * 1024 * 1024  # of one mail, before they are encoded
PICTURE_WIDTH = 360


@dataclass(frozen=True, slots=True)
class Linked:
    """What a letter says of the files that do not go along: `links` as a `Letter` has them."""

    text: str = ""
    html: str = ""
    links: tuple[str, ...] = ()
    pictures: tuple[Attachment, ...] = ()


def fitting(files: Sequence[StoredFile]) -> list[StoredFile]:
    """Those of a message's files that go along."""
    chosen, room = [], FILES_BYTES
    for file in files:
        if file.size <= room:
            chosen.append(file)
            room -= file.size
    return chosen


def linked(message: str, files: Sequence[StoredFile], *, sent_at: datetime, domain: str, alone: bool) -> Linked:
    """Links to these files of a message (an id) in a mail of that moment; `domain` is that of its sender.

    With a small picture of the first image when they are `alone`, and no other file comes along: Delta Chat shows a
    text and a picture as one message, but each further part as another one.
    """
    if not files:
        return Linked()
    until = file_links.until(sent_at)
    keys = {file.id: file_links.key(Shared(message, file.id, until)) for file in files}
    pictures = _picture_of(files) if alone else ()
    shown = {picture.file_id for picture in pictures}
    head = f"Too big to come by mail. Until {until:%d %B %Y} here:"
    texts, parts = [head], [f"<p>{head}</p>"]
    for file in files:
        word, label = place(keys[file.id]), f"{file.name} ({megabytes(file)})"
        texts.append(f"{label}\n{word}")
        picture = _picture(file, domain) if file.id in shown else ""
        parts.append(f'<p>\n<a href="{word}">{picture}{escape(label)}</a></p>')
    return Linked("\n\n".join(texts), "\n".join(parts), tuple(keys.values()), pictures)


def _picture_of(files: Sequence[StoredFile]) -> tuple[Attachment, ...]:
    for file in files:
        if content := previews.jpeg(file):
            return (Attachment(f"{file.name} (small).jpg", "image/jpeg", content, file.id, preview=True),)
    return ()


def _picture(file: StoredFile, domain: str) -> str:
    alt = escape(file.name, quote=True)
    return f'<img src="cid:{preview_id(file.id, domain)}" alt="{alt}" width="{PICTURE_WIDTH}"><br>\n'


def megabytes(file: StoredFile) -> str:
    return f"{file.size / 1_000_000:.0f} MB" if file.size >= 1_000_000 else f"{max(1, file.size // 1000)} kB"


def urls(message: str, files: Sequence[StoredFile], sent_at: datetime, guest: str) -> list[tuple[str, str]]:
    """(name and size, URL) of each of these files for one guest (an id)."""
    until = file_links.until(sent_at)
    return [
        (f"{file.name} ({megabytes(file)})", file_links.url(Shared(message, file.id, until), guest)) for file in files
    ]


def link_for(guest: str) -> Callable[[str], str]:
    """What makes the URLs of a letter's links for a guest (an id)."""
    return lambda word: file_links.url(file_links.read_key(word), guest)
