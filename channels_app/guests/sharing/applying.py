"""What people of the other side did, done here: each item says how something stands, and now it stands so here too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from channels_app.chat import messages, posting, reactions, visitors
from channels_app.chat.models import Message, Reaction, Share, Visitor
from channels_app.guests.sharing import ORIGIN
from channels_app.guests.sharing.composing import MOST_PEOPLE
from channels_app.letters import incoming
from channels_app.letters.targets import Targets
from channels_app.letters.unwanted import Unwanted, check_form
from channels_app.mail import Parsed, Slip
from workspace.events.refusal import Refusal
from workspace.people.models import Person

MOST_EMOJI = 50


def apply(share: Share, parsed: Parsed, slip: Slip) -> None:
    """Do what an item says; a second time changes nothing.

    Raises `Unwanted` for what nobody there may do or what can't be read, and the refusals of the verbs. Writes several
    things: the caller has a transaction.
    """
    check_form(parsed)
    if parsed.own is None or parsed.own.channel != slip.channel:
        raise Unwanted("has an id of another channel")
    kind = parsed.roost.get("Kind", "message.posted")
    if kind not in _KINDS:
        return  # of a version that knows more; the number is all that counts
    _KINDS[kind](share, parsed, slip)


def _post(share: Share, parsed: Parsed, slip: Slip) -> None:
    assert share.channel is not None and parsed.own is not None
    if Message.objects.filter(channel=share.channel, external_id=parsed.message_id).exists():
        return
    author = _author(share, parsed)
    what = incoming.posting_of(
        parsed,
        person=author,
        channel=share.channel.id,
        thread=Targets(share.channel, [parsed]).find(parsed),
        client_id=f"{ORIGIN}:{share.id}:{parsed.own.message}"[: posting.CLIENT_ID_LIMIT],
        origin=ORIGIN,
    )
    at = min(datetime.fromisoformat(slip.at), timezone.now())
    (outcome,) = posting.post_many([replace(what, at=at, also_to_channel="Also-To-Channel" in parsed.roost)])
    if isinstance(outcome, Refusal):
        raise outcome


def _edit(share: Share, parsed: Parsed, slip: Slip) -> None:
    row = _theirs(share, parsed)
    text = _payload(parsed).get("text")
    if row is not None and row.deleted_at is None and isinstance(text, str):
        messages.edit(person=row.author, message=row.id, text=text, origin=ORIGIN)


def _delete(share: Share, parsed: Parsed, slip: Slip) -> None:
    row = _theirs(share, parsed)
    if row is not None:
        messages.delete(person=row.author, message=row.id, origin=ORIGIN)


def _react(share: Share, parsed: Parsed, slip: Slip) -> None:
    row, emoji = _target(share, parsed), _payload(parsed).get("emoji")
    if row is None or row.deleted_at or not isinstance(emoji, list):
        return
    person = _author(share, parsed)
    wanted = [one for one in emoji[:MOST_EMOJI] if isinstance(one, str)]
    now = list(Reaction.objects.filter(message=row, person=person).values_list("emoji", flat=True))
    for one in wanted:
        if one not in now:
            reactions.add(person=person, message=row.id, emoji=one, origin=ORIGIN)
    for one in now:
        if one not in wanted:
            reactions.remove(person=person, message=row.id, emoji=one, origin=ORIGIN)


def _people(share: Share, parsed: Parsed, slip: Slip) -> None:
    told = _payload(parsed).get("people")
    for one in told[:MOST_PEOPLE] if isinstance(told, list) else ():
        handle, name = (one.get("handle"), one.get("name")) if isinstance(one, dict) else (None, None)
        if not isinstance(handle, str) or not isinstance(name, str):
            raise Unwanted("names people in a way that can't be read")
        if one.get("inside"):
            visitors.enter(share=share, handle=handle, name=name)
        else:
            visitors.leave(share=share, handle=handle)


_KINDS: Mapping[str, Callable[[Share, Parsed, Slip], None]] = {
    "message.posted": _post,
    "message.edited": _edit,
    "message.deleted": _delete,
    "reaction.added": _react,
    "reaction.removed": _react,
    "member.joined": _people,
    "member.left": _people,
    "member.changed": _people,
    "share.active": _people,
}


def _author(share: Share, parsed: Parsed) -> Person:
    return visitors.enter(share=share, handle=parsed.roost.get("Author", ""), name=parsed.roost.get("Author-Name", ""))


def _target(share: Share, parsed: Parsed) -> Message | None:
    """What an item is about; what is not here may have been there before the channel was shared."""
    assert share.channel is not None
    found = Targets(share.channel, [parsed]).find(parsed)
    return Message.objects.select_related("author__org").get(id=found) if found else None


def _theirs(share: Share, parsed: Parsed) -> Message | None:
    """What an item changes. Raises `Unwanted` for what the other side's people did not write."""
    row = _target(share, parsed)
    if row is not None and not Visitor.objects.filter(person=row.author, domain=share.domain).exists():
        raise Unwanted("changes a message of somebody else")
    return row


def _payload(parsed: Parsed) -> Mapping[str, Any]:
    payload = (parsed.event or {}).get("payload")
    return payload if isinstance(payload, dict) else {}
