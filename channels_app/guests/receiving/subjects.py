"""Subjects of mails that began a thread, and the thread an answer belongs to when it names no mail at all."""

from __future__ import annotations

import re
from collections.abc import Iterable

from channels_app.chat.models import Channel
from channels_app.guests.models import Subject
from channels_app.letters.outgoing import shown_name

LIMIT = 250
_ANSWER = re.compile(
    r"(?:(?:re|aw|antw|sv|vs|odp|res|rif|r|回复|回覆|答复)\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:：]\s*)+", re.IGNORECASE
)


def thread_of(channel: Channel, subject: str) -> str | None:
    """The newest thread that began with what this subject answers (`Re: Lunch`)."""
    answered = _ANSWER.match(subject)
    if answered is None:
        return None
    rest = _kept(channel, subject)
    rows = Subject.objects.filter(subject=rest, message__channel=channel, message__deleted_at=None) if rest else None
    found = rows.order_by("-message__seq").values_list("message_id", flat=True).first() if rows else None
    return str(found) if found else None


def keep(begun: Iterable[tuple[Channel, str, str]]) -> None:
    """Remember the subjects of the mails that messages came as: (channel, message's id, subject) of each.

    A mail without one leaves none.
    """
    rows = [Subject(message_id=id, subject=kept) for channel, id, said in begun if (kept := _kept(channel, said))]
    if rows:
        Subject.objects.bulk_create(rows, ignore_conflicts=True)


def _kept(channel: Channel, subject: str) -> str:
    """Without what answering puts before it, and without the channel's name that our own mails have there."""
    name = f"[{shown_name(channel)}]"
    while True:
        rest = _ANSWER.sub("", subject, count=1) if _ANSWER.match(subject) else subject
        rest = rest.strip().removeprefix(name).strip()
        if rest == subject:
            return rest[:LIMIT].rstrip()
        subject = rest
