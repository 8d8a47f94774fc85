"""Big files: Delta Chat sends the words in one mail, which names the mail that the file comes in.

They become one message when both are here, whichever comes first; words whose file does not come are posted alone.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from channels_app.chat import messages, posting
from channels_app.chat.models import Channel, Message
from channels_app.chat.posting import Posting
from channels_app.guests import ORIGIN
from channels_app.guests.models import Announced
from channels_app.guests.receiving.answers import Answer
from channels_app.guests.secure.opening import Opened
from channels_app.letters.targets import Targets
from channels_app.mail import Parsed
from workspace.events.refusal import Refusal
from workspace.people.models import Person

log = logging.getLogger(__name__)

ANNOUNCED = Answer(250, "2.0.0", "The file may come.")
WAITS = timedelta(minutes=15)
AT_ONCE = 100


def settle(mail: Opened, channel: Channel, person: Person) -> Answer | None:
    """Keep words whose file is to come, or put them to a file that came first; complete a file by its words.

    None for every mail that is to be posted; a file's has its words then.
    """
    named = mail.headers.get("chat-post-message-id").strip()[:998]
    if named:
        _announce(named, mail.parsed, channel, person)
        return ANNOUNCED
    if "chat-is-post-message" in mail.headers.values:
        _complete(mail, channel, person)
    return None


def _announce(named: str, parsed: Parsed, channel: Channel, person: Person) -> None:
    there = Message.objects.filter(channel=channel, author=person, external_id=named, deleted_at=None).first()
    if there is None:
        words = {"text": parsed.text, "quoted": parsed.quoted, "in_reply_to": parsed.in_reply_to}
        Announced.objects.update_or_create(channel=channel, person=person, message_id=named, defaults=words)
    elif parsed.text and not there.text:
        messages.edit(person=person, message=there.id, text=parsed.text, origin=ORIGIN)


def _complete(mail: Opened, channel: Channel, person: Person) -> None:
    rows = Announced.objects.filter(channel=channel, person=person, message_id=mail.parsed.message_id or "")
    words = rows.first()
    if words is not None:
        mail.say(words.text, words.quoted, words.in_reply_to)
        rows.delete()


def give_up() -> None:
    """Post the words whose file did not come."""
    over = Announced.objects.filter(at__lte=timezone.now() - WAITS).order_by("at")
    for id in list(over.values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            words = Announced.objects.select_for_update().select_related("channel", "person").filter(pk=id).first()
            if words is not None:
                _post_alone(words)


def _post_alone(words: Announced) -> None:
    words.delete()
    parsed = Parsed(in_reply_to=words.in_reply_to)
    is_answer = (words.quoted or "").lstrip().startswith(">")
    (outcome,) = posting.post_many(
        [
            Posting(
                person=words.person_id,
                channel=words.channel_id,
                text=words.text or "(a file that did not arrive)",
                thread=Targets(words.channel, [parsed]).find(parsed) if is_answer else None,
                origin=ORIGIN,
                quoted=words.quoted,
            )
        ]
    )
    if isinstance(outcome, Refusal):
        log.warning("words of %s that waited for a file are lost: %s", words.person_id, outcome.message)
