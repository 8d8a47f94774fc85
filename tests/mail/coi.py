"""Chat over IMAP, rule by rule: what of a mail to a guest a chat client would not understand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage

from tests.mail.mails import read

_GROUP_ID = re.compile(r"<chat\$group\.[0-9A-Za-z_-]{12,}\.[0-9A-Za-z_-]+@[^\s@<>]+>")
_ONE_ID = re.compile(r"<[^\s<>]+@[^\s<>]+>")
_CONTENTS = {"editrequest", "deleterequest", "status", "preview", "message-pinned", "message-unpinned"}
_ABOUT_ANOTHER = {"editrequest", "deleterequest", "message-pinned", "message-unpinned"}
_EMOJI = re.compile(r"[^\w\s<>]{1,16}(?: [^\w\s<>]{1,16})*")


def faults(raw: bytes) -> list[str]:
    """The names of the rules a mail breaks."""
    mail = read(raw)
    return [*_headers(mail), *_bodies(mail), *_content(mail)]


def _headers(mail: EmailMessage) -> Iterator[str]:
    if str(mail["Chat-Version"]).partition(";")[0].strip() != "1.0":
        yield "Chat-Version is 1.0"
    if len(mail["From"].addresses) != 1 or mail["Sender"]:
        yield "From is one address, and there is no Sender"
    if not _GROUP_ID.fullmatch(str(mail["Message-ID"])):
        yield "Message-ID says chat and group"
    references = str(mail["References"] or "").split()
    if len(references) > 2 or not all(map(_ONE_ID.fullmatch, references)):
        yield "References are the first and the last message"
    if mail["In-Reply-To"] and str(mail["In-Reply-To"]) not in references[-1:]:
        yield "In-Reply-To is the last of References"
    if not mail["To"] or not _ONE_ID.search(str(mail["List-Id"]).replace(">", "@x>", 1)):
        yield "To and List-Id say where it goes"
    if not mail["Subject"]:
        yield "Subject names the conversation"
    if not mail["Date"] or mail["MIME-Version"] != "1.0":
        yield "Date and MIME-Version are there"


def _leaves(mail: EmailMessage) -> list[EmailMessage]:
    return [part for part in mail.walk() if not part.is_multipart()]


def _bodies(mail: EmailMessage) -> Iterator[str]:
    leaves = _leaves(mail)
    first = leaves[0]
    flowed = first.get_param("format") == "flowed" or first.get_content_disposition() == "reaction"
    if first.get_content_type() != "text/plain" or first.get_content_charset() != "utf-8" or not flowed:
        yield "the first text is plain, UTF-8 and flowed"
    shown = mail.get_body(("html", "plain"))
    if shown is None or not re.sub(r"<[^<>]*>|\s", "", shown.get_content()):
        yield "every program shows something"
    if any(part.get_content_type() == "text/html" for part in leaves) and not any(
        part.get_content_type() == "multipart/alternative" for part in mail.walk()
    ):
        yield "HTML is an alternative"
    files = [part for part in leaves if part.get_filename()]
    if not all(str(part["Content-Disposition"]).count("size=") == 1 for part in files):
        yield "files have a name and a size"


def _content(mail: EmailMessage) -> Iterator[str]:
    kind = str(mail["Chat-Content"] or "")
    if kind and kind not in _CONTENTS:
        yield "Chat-Content is a word that is known"
    reaction = next((part for part in _leaves(mail) if part.get_content_disposition() == "reaction"), None)
    if (kind in _ABOUT_ANOTHER or reaction) and not mail["In-Reply-To"]:
        yield "In-Reply-To is the message it is about"
    if (kind == "editrequest") != bool(mail["Chat-Edit"]) or (kind == "deleterequest") != bool(mail["Chat-Delete"]):
        yield "Delta Chat's words say the same as Chat-Content"
    if reaction and reaction.get_content().strip() and not _EMOJI.fullmatch(reaction.get_content().strip()):
        yield "a reaction is emoji and nothing else"
    for part in _leaves(mail):
        if part["Chat-Content"] == "preview" and (part.get_content_maintype() != "image" or not part["Content-ID"]):
            yield "a preview is a picture with an id"
    pinned = any(part.get_content_disposition() == "pinned" for part in _leaves(mail))
    if (kind == "message-pinned") != pinned:
        yield "what pins says so in its disposition"
