"""Reports of delivery that failed (RFC 3464), for mail that was refused after its sender had gone.

Nobody gets one who may not have written the mail: the envelope's sender has to be known and of the domain in From, a
server we trust has to vouch for that domain, and no program may have written it (RFC 3834, section 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import make_msgid

from django.conf import settings

from channels_app.guests.receiving.answers import Answer
from channels_app.guests.receiving.arrived import Arrived
from channels_app.mail.charset import clean_line
from channels_app.mail.compose import boundary, multipart, text_part
from channels_app.mail.dates import write_date
from channels_app.mail.encode import addr_spec, ids

HEADER_BYTES = 16 * 1024


def may_be_told(mail: Arrived) -> bool:
    """Whether a report reaches who really wrote this, and starts no loop."""
    domain = mail.sender.rpartition("@")[2].lower()
    is_theirs = bool(domain) and domain == mail.writer.rpartition("@")[2]
    return is_theirs and mail.vouched == "pass" and mail.opening.auto is None


def report(mail: Arrived, refused: Mapping[str, Answer]) -> bytes:
    """The report for the envelope's sender; `refused` has at least one recipient, and what they were answered."""
    own, answered = make_msgid(domain=settings.MAIL_DOMAIN), ids(mail.opening.message_id or "")
    lines = [
        f"From: Mail Delivery System <mailer-daemon@{settings.MAIL_DOMAIN}>",
        f"To: <{addr_spec(mail.sender)}>",
        "Subject: Undelivered Mail Returned to Sender",
        f"Date: {write_date(datetime.now(UTC))}",
        f"Message-ID: {own}",
        *([f"In-Reply-To: {answered}"] if answered else []),
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
    ]
    head = mail.raw[:HEADER_BYTES].partition(b"\r\n\r\n")[0]
    parts = [
        text_part("text/plain", _words(refused)),
        b"Content-Type: message/delivery-status\r\n\r\n" + _status(refused),
        text_part("text/rfc822-headers", head.decode("utf-8", "replace").replace("\r\n", "\n")),
    ]
    content = multipart("report; report-type=delivery-status", boundary(own, answered), parts)
    return "\r\n".join([*lines, ""]).encode("ascii", "replace") + content


def _words(refused: Mapping[str, Answer]) -> str:
    told = "\n".join(f"  {clean_line(recipient, 320)}: {answer.text}" for recipient, answer in refused.items())
    return f"Your mail could not be delivered.\n\n{told}\n"


def _status(refused: Mapping[str, Answer]) -> bytes:
    blocks = [f"Reporting-MTA: dns; {settings.MAIL_DOMAIN}"]
    for recipient, answer in refused.items():
        blocks.append(
            f"Final-Recipient: rfc822; {clean_line(recipient, 320)}\r\nAction: failed\r\nStatus: {answer.status}\r\n"
            f"Diagnostic-Code: smtp; {answer}"
        )
    return "\r\n\r\n".join([*blocks, ""]).encode("ascii", "replace")
