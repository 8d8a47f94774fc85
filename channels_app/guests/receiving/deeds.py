"""What a person's mail asks for: a command, an act on a message, a message of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from channels_app.chat import access, policy, posting
from channels_app.chat.models import Channel, Kind, Message
from channels_app.chat.posting import Outcome, Posting
from channels_app.guests import ORIGIN
from channels_app.guests.receiving import commands, subjects
from channels_app.guests.receiving.answers import DONE, POSTED, Answer, Declined
from channels_app.guests.receiving.arrived import Arrived
from channels_app.guests.receiving.judging import Writer
from channels_app.guests.secure import acts, opening
from channels_app.letters import incoming
from channels_app.letters.targets import Targets
from channels_app.mail import Parsed, parse_message_id
from workspace.events.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Post:
    """A message to be posted, which may go with others; `subject` is kept if a thread begins with it."""

    channel: Channel
    what: Posting
    subject: str = ""


Deed = Post | Callable[[], Answer]


def say_sealed(mail: opening.Opened, channel: Channel, writer: Writer) -> Answer:
    """What an encrypted mail says, some of which is about the group, and some comes in several mails."""
    if (answer := acts.settle(mail, channel, writer)) is not None:
        return answer
    return say(mail, channel, writer)


def say(mail: Arrived, channel: Channel, writer: Writer) -> Answer:
    """What one mail says, done at once. Raises as `asked`."""
    return done(asked(mail, channel, writer, Targets(channel, [mail.parsed]).find(mail.parsed)))


def asked(mail: Arrived, channel: Channel, writer: Writer, target: str | None) -> Deed:
    """What a person asks for. Raises `Unwanted`, and the refusals of the verbs."""
    parsed = mail.parsed
    command = commands.read(parsed) if writer.signed or _is_guests_answer(parsed, channel, writer) else None
    if command is not None:
        return partial(_obey, command, writer, channel)
    if parsed.pinned or parsed.chat_content == "message-unpinned":
        raise Declined("Messages can't be pinned by mail.")
    if incoming.is_act(parsed, target):
        return partial(_act, parsed, writer, target)
    thread = _thread(mail, channel, target)
    if parsed.attachments:
        return partial(_post_with_files, mail, channel, writer, thread)
    return _post(mail, channel, writer, thread)


def _obey(command: str, writer: Writer, channel: Channel) -> Answer:
    commands.obey(command, guest=writer.person, channel=channel.id)
    return DONE


def _act(parsed: Parsed, writer: Writer, target: str | None) -> Answer:
    incoming.act(parsed, target, person=writer.person, origin=ORIGIN)
    return DONE


def _is_guests_answer(parsed: Parsed, channel: Channel, writer: Writer) -> bool:
    """Whether a guest answers a mail of ours with a program that drops the tag of its address (Microsoft 365)."""
    answered = parse_message_id(parsed.in_reply_to or "")
    return writer.seat is not None and answered is not None and answered.channel == channel.id


def _thread(mail: Arrived, channel: Channel, target: str | None) -> str | None:
    """The message a mail answers. A chat client names the latest one in each mail; it answers one by quoting it."""
    parsed = mail.parsed
    if mail.is_chat:
        return target if (parsed.quoted or "").lstrip().startswith(">") else None
    if channel.kind == Kind.DIRECT:  # letters go back and forth there, each in answer to the one before
        return target if target and Message.objects.filter(id=target, thread__isnull=False).exists() else None
    return target or subjects.thread_of(channel, parsed.subject)


def _post(mail: Arrived, channel: Channel, writer: Writer, thread: str | None) -> Post:
    what = incoming.posting_of(
        mail.parsed,
        person=writer.person,
        channel=channel.id,
        thread=thread,
        client_id=_known_as(mail, channel, writer),
        origin=ORIGIN,
    )
    begins = thread is None and not mail.is_chat
    return Post(channel, what, mail.parsed.subject if begins else "")


def _post_with_files(mail: Arrived, channel: Channel, writer: Writer, thread: str | None) -> Answer:
    """The files are stored first, which must not be for nothing."""
    access.channel(writer.person, channel.id, policy.posting_action(channel.kind, thread is not None))
    if not Message.objects.filter(author=writer.person, client_id=_known_as(mail, channel, writer)).exists():
        raise_refusal(write([_post(mail, channel, writer, thread)])[0])
    return POSTED


def _known_as(mail: Arrived, channel: Channel, writer: Writer) -> str:
    return incoming.same_id(mail.parsed, mail.raw, person=writer.person, channel=channel.id, origin=ORIGIN)


def done(deed: Deed) -> Answer:
    """Do it; the caller has a transaction. Raises the refusals of the verbs."""
    if not isinstance(deed, Post):
        return deed()
    raise_refusal(write([deed])[0])
    return POSTED


def write(posts: Sequence[Post]) -> list[Outcome]:
    """Post them together; what became of each, in order. The caller has a transaction."""
    outcomes = posting.post_many([post.what for post in posts])
    subjects.keep(
        (post.channel, outcome.message["id"], post.subject)
        for post, outcome in zip(posts, outcomes, strict=True)
        if post.subject and not isinstance(outcome, Refusal) and outcome.fresh
    )
    return outcomes


def raise_refusal(outcome: Outcome) -> None:
    """Raises the refusal, if it is one."""
    if isinstance(outcome, Refusal):
        raise outcome
