"""What is read in each captured or made mail, as a person would read it: a `.md` beside each `.eml`.

`WRITE_GOLDENS=1 pytest tests/mail/test_golden_posts.py` writes them anew; then read what changed, as it is what people
will see of such a mail.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels_app.mail import Attachment, Parsed, parse
from tests.mail.mails import all_eml, eml, golden

READ = [name for name in all_eml() if not name.startswith(("letters/", "outgoing/"))]


@pytest.mark.parametrize("name", READ)
def test_what_a_mail_says(name: str) -> None:
    told = "\n".join(_told(parse(eml(name)))) + "\n"
    golden(f"{name.rpartition('.')[0]}.md", told.encode())


def test_there_are_enough_of_them() -> None:
    assert len(READ) >= 140


def _told(parsed: Parsed) -> Iterator[str]:
    """The fields that are there, one a line, then the text and what was folded away as they are."""
    sender = parsed.from_
    yield f"from: {sender.name} <{sender.email}>" if sender else "from: nobody"
    yield f"subject: {parsed.subject}"
    if parsed.in_reply_to:
        yield f"about: {parsed.in_reply_to}"
    if parsed.auto:
        yield f"written by: a program ({parsed.auto})"
    if parsed.is_chat:
        yield "part of: a chat"
    if parsed.chat_content:
        yield f"kind: {parsed.chat_content}"
    if parsed.pinned:
        yield "kind: pin"
    if parsed.reaction is not None:
        yield f"reaction: {' '.join(parsed.reaction) or 'none left'}"
    for file in parsed.attachments:
        yield f"file: {_file(file)}"
    for defect in parsed.defects:
        yield f"defect: {defect}"
    yield f"\n======== text\n{parsed.text}"
    if parsed.quoted:
        yield f"\n======== folded\n{parsed.quoted}"


def _file(file: Attachment) -> str:
    more = ", preview" if file.preview else ""
    return f"{file.name} ({file.type}, {len(file.content)} bytes{more})"
