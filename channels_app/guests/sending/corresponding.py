"""Direct conversations as a correspondence: what is said there answers the last letter of the other side.

A mail program keeps letters together by In-Reply-To and subject. In a channel a message that answers none begins a
thread; between two people it is the answer to what the other one wrote last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db.models import OuterRef, Subquery

from channels_app.chat.models import Channel, Kind, Message
from channels_app.guests.models import Subject


def answers(channel: Channel, messages: Collection[str]) -> Mapping[str, Subject]:
    """By message (an id): the mail of somebody else that it answers, its message joined. Two queries at most."""
    if channel.kind != Kind.DIRECT or not messages:
        return {}
    earlier = Subject.objects.filter(message__channel=OuterRef("channel"), message__seq__lt=OuterRef("seq"))
    earlier = earlier.exclude(message__author=OuterRef("author")).order_by("-message__seq")
    rows = Message.objects.filter(id__in=messages, thread=None).annotate(
        mail=Subquery(earlier.values("message_id")[:1])
    )
    found = dict(rows.exclude(mail=None).values_list("id", "mail"))
    mails = Subject.objects.select_related("message").in_bulk(set(found.values()))
    return {id: mails[mail] for id, mail in found.items()}


def was_begun_by(channel: Channel, person: str) -> bool:
    """Whether somebody (an id) wrote first in a direct conversation: they need not be told that they are in it."""
    if channel.kind != Kind.DIRECT:
        return False
    first = Message.objects.filter(channel=channel).order_by("seq").values_list("author_id", flat=True).first()
    return first == person
