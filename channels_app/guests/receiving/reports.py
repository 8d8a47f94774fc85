"""Reports of failed delivery, each counted once (`mailboxes`).

Whose mailbox it is, is said by the address a report comes to (VERP), so only the verdict is read: RFC 3464's own words
where there are some, else what flufl.bounce makes of the prose.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from email.message import Message as Mail
from hashlib import blake2b

from django.core.cache import cache
from django.db import transaction
from flufl.bounce import all_failures

from channels_app.guests import mailboxes
from channels_app.guests.receiving.arrived import Arrived
from channels_app.mail import Limits
from channels_app.mail.charset import clean_line
from channels_app.mail.headers import Headers, read_headers, without_trace
from workspace.people.models import Person

log = logging.getLogger(__name__)

KNOWN_SECONDS = 24 * 60 * 60
# What is looked at. The heuristics need quadratic time on long lines.
REPORT_BYTES = 64 * 1024
MOST_BLOCKS = 50
PROSE_LINES = 300
PROSE_LINE = 300
_STATUS = ("message/delivery-status", "message/global-delivery-status")
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")
_SAYS_WHY = re.compile(r"(?<!\d)5\d\d[ -](?:#?5\.\d{1,3}\.\d{1,3})?")


def failure(mail: Arrived) -> str | None:
    """Why mail can never be delivered, in the words of who tried; None when it is not said that it can't be."""
    reports = [file.content for file in mail.parsed.attachments if file.type in _STATUS]
    if reports:
        return next((why for report in reports for why in _reported(report)), None)
    return _told(mail) if mail.parsed.auto == "bounce" else None


def _reported(report: bytes) -> Iterator[str]:
    """Of each recipient that failed for good."""
    for block in _BLANK.split(report[:REPORT_BYTES])[:MOST_BLOCKS]:
        fields, _ = read_headers(block + b"\r\n\r\n", 0, len(block) + 4, Limits())
        if _is_final(fields):
            yield _clean(fields.get("diagnostic-code").partition(";")[2]) or _clean(fields.get("status")) or "no reason"


def _is_final(fields: Headers) -> bool:
    """Servers give up on what is temporary, too, and call that failed: the class of the status says which it was."""
    failed = fields.get("action").lower().startswith(("fail", "error"))  # "error" is OpenSMTPD's
    return failed and not fields.get("status").startswith("4")


def _told(mail: Arrived) -> str | None:
    """The same of prose, in a mail that has nothing but what the heuristics look for."""
    lines = "\n".join((mail.parsed.text, mail.parsed.quoted or "")).splitlines()[:PROSE_LINES]
    prose = Mail()
    for name in ("From", "Subject", "X-Failed-Recipients"):
        prose[name] = clean_line(mail.headers.get(name.lower()), PROSE_LINE)
    prose.set_payload("\n".join(line[:PROSE_LINE] for line in lines))
    _, permanent = all_failures(prose)
    if not permanent:
        return None
    return _clean(next((line for line in lines if _SAYS_WHY.search(line[:PROSE_LINE])), "")) or "it came back"


def _clean(text: str) -> str:
    return clean_line(text, mailboxes.WHY_LIMIT)


@transaction.atomic
def count(mail: Arrived, guest: Person, why: str) -> None:
    """Note a failure; the same report again is none."""
    if not _is_known(mail, guest):
        mailboxes.failed(guest.id, why)


def _is_known(mail: Arrived, guest: Person) -> bool:
    """Whether this report was counted already: who got no answer hands it over again."""
    digest = blake2b(without_trace(mail.raw), digest_size=20).hexdigest()
    key = f"guests:report:{guest.id}:{digest}"
    try:
        if cache.get(key):
            return True
        transaction.on_commit(lambda: cache.set(key, 1, KNOWN_SECONDS), robust=True)
    except Exception as error:  # without the cache one too many may be counted
        log.warning("reports are not known again: %s", error)
    return False
